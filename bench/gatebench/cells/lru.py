"""The linear recurrent unit.

Orvieto et al. 2023: a diagonal recurrence in complex numbers, x = lambda x + gamma (B u), here as its real and
its imaginary part, and an output y = Re(C x) + D u that is not fed back. |lambda| = exp(-exp(nu)) < 1 and its angle is
exp(theta); eigenvalues begin uniformly in a ring of the unit disk, and gamma begins as sqrt(1 - |lambda|^2). The paper's
state may have another width than its output; here they are equal.
"""

from gatebench.graph.initial import log_of_uniform, ring, ring_normaliser, scaled_normal
from gatebench.graph.ops import Share, cos, exp, negative, sin

PAPER = "Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu, De 2023 (arXiv 2303.06349)"


def initial(*, r_min, r_max, **_):
    begin = {
        "nu": ring(r_min, r_max),
        "gamma": ring_normaliser(r_min, r_max, drawn_as="nu"),
        "theta": log_of_uniform(0, 6.2832),
    }
    of_inputs = dict.fromkeys(("B_re", "B_im"), scaled_normal(0.7071))
    return begin | of_inputs | dict.fromkeys(("C_re", "C_im"), scaled_normal())


def step(u, y, re, im, *, nu, theta, gamma, B, C, D, r_min: Share = 0.5, r_max: Share = 0.99):
    size, angle = exp(negative(exp(nu))), exp(theta)
    lambda_re, lambda_im = size * cos(angle), size * sin(angle)
    re, im = (
        lambda_re * re - lambda_im * im + exp(gamma) * (B.re @ u),
        lambda_re * im + lambda_im * re + exp(gamma) * (B.im @ u),
    )
    y = C.re @ re - C.im @ im + D @ u
    return y, re, im
