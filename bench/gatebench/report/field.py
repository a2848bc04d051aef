"""What the field published: accuracies on sets of the UCR and UEA archives, at the split that the archives give."""

ACCURACIES = {
    "ucr_acsf1": {"ResNet": 0.9160, "InceptionTime": 0.9200, "ROCKET": 0.8860},
    "ucr_arrow_head": {"ResNet": 0.8377, "InceptionTime": 0.8457, "ROCKET": 0.8143},
    "ucr_coffee": {"ResNet": 1.0, "InceptionTime": 1.0, "ROCKET": 1.0},
    "ucr_gun_point": {"ResNet": 0.9907, "InceptionTime": 1.0, "ROCKET": 1.0},
    "ucr_italy_power_demand": {"ResNet": 0.9615, "InceptionTime": 0.9650, "ROCKET": 0.9696},
    "ucr_osu_leaf": {"ResNet": 0.9802, "InceptionTime": 0.9421, "ROCKET": 0.9409},
    "ucr_pickup_gesture_z": {"ResNet": 0.7040, "InceptionTime": 0.7600, "ROCKET": 0.8300},
    "ucr_plaid": {"ResNet": 0.9404, "InceptionTime": 0.9441, "ROCKET": 0.9026},
    "ucr_trace": {"ResNet": 1.0, "InceptionTime": 1.0, "ROCKET": 1.0},
    "uea_basic_motions": {"InceptionTime": 1.0},
    "uea_japanese_vowels": {"ResNet": 0.99, "InceptionTime": 0.9919},
}
"""Task -> method -> share of the test series whose class it predicts rightly, as `SOURCES` have it."""

SOURCES = {
    "ResNet": "Ismail Fawaz et al. 2019, Deep learning for time series classification: a review. Mean of five runs: "
    "github.com/hfawaz/dl-4-tsc, results/results-ucr-128.csv at commit 4c2cdff; JapaneseVowels, to two decimals, from "
    "results/results-mts.csv at commit 777990f.",
    "InceptionTime": "Ismail Fawaz et al. 2020, InceptionTime: finding AlexNet for time series classification. One ensemble "
    "of five nets: github.com/hfawaz/InceptionTime, results-InceptionTime-128.csv at commit 365ce4d; of several variables, "
    "results-mts.csv at commit 0d623a3.",
    "ROCKET": "Dempster, Petitjean, Webb 2020, ROCKET: exceptionally fast and accurate time series classification using "
    "random convolutional kernels. Mean of ten runs: github.com/angus924/rocket, results/results_ucr.csv at commit 41cfd4b.",
}
"""Method -> where its accuracies stand, in the order of figures."""

DEVIATIONS = [
    "Published methods learn from all of train; here a part of it is validation, which selects settings and weights.",
    "No accuracy of ROCKET at the given split was found for the sets of several variables, and none of ResNet for "
    "BasicMotions; they are left out.",
]
"""What to know before comparing, a sentence or two each."""
