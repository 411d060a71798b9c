// The activations, compiled once for all that use them.
#include "fastopt/network/activation.hpp"

FASTOPT_BEGIN

template void apply_activation(Activation, float*, Index);
template void apply_activation(Activation, double*, Index);
template void activation_slope(Activation, const float*, const float*, float*, Index);
template void activation_slope(Activation, const double*, const double*, double*, Index);
template void activation_curvature(Activation, const double*, const double*, double*, Index);

FASTOPT_END
