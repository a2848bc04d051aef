"""The linear recurrent unit.

Orvieto et al. 2023: a diagonal recurrence in complex numbers, x = lambda x + gamma (B u), here as its real and
its imaginary part, and an output y = Re(C x) + D u that is not fed back. |lambda| = exp(-exp(nu)) < 1 and its angle is
exp(theta); eigenvalues begin uniformly in a ring of the unit disk, and gamma begins as sqrt(1 - |lambda|^2). The paper's
state may have another width than its output; here they are equal.
"""

import math

import numpy as np

from gatebench.graph.initial import Initial, log_of_uniform, scaled_normal
from gatebench.graph.ops import Share, cos, exp, negative, sin

PAPER = "Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu, De 2023 (arXiv 2303.06349)"


def initial(*, r_min, r_max, **_):
    def squared_radius(random, rows, columns):
        return random.uniform(r_min**2, r_max**2, (rows, columns))

    ring = f"|lambda|^2 uniform in [{r_min**2:g}, {r_max**2:g}]"
    nu = Initial(f"{ring}", lambda *shape: np.log(-0.5 * np.log(squared_radius(*shape))))
    gamma = Initial(f"sqrt(1 - |lambda|^2), {ring}", lambda *shape: 0.5 * np.log(1 - squared_radius(*shape)), drawn_as="nu")
    of_inputs = dict.fromkeys(("B_re", "B_im"), scaled_normal(1 / math.sqrt(2)))
    of_states = dict.fromkeys(("C_re", "C_im"), scaled_normal())
    return {"nu": nu, "gamma": gamma, "theta": log_of_uniform(0, 2 * math.pi), **of_inputs, **of_states}


def step(u, y, re, im, *, nu, theta, gamma, B, C, D, r_min: Share = 0.5, r_max: Share = 0.99):
    size, angle = exp(negative(exp(nu))), exp(theta)
    lambda_re, lambda_im = size * cos(angle), size * sin(angle)
    re, im = (
        lambda_re * re - lambda_im * im + exp(gamma) * (B.re @ u),
        lambda_re * im + lambda_im * re + exp(gamma) * (B.im @ u),
    )
    y = C.re @ re - C.im @ im + D @ u
    return y, re, im
