#pragma once
// Over the vector type of the including file, under the rules of kernels_simd.h.
namespace fastmlx {
namespace {

// e^x by 2^n · e^r, |r| <= ln2 / 2, within 2 units in the last place; 0 below the normal range, NaN stays.
inline Vec exp_of(Vec x) {
    Vec clamped = min_of(splat(88.3762626647949f), max_of(splat(-87.3365447504f), x));
    Vec n = rounded(mul(clamped, splat(1.44269504088896341f)));
    Vec r = fma(n, splat(-0.693359375f), clamped);
    r = fma(n, splat(2.12194440e-4f), r);
    Vec p = splat(1.9875691500e-4f);
    p = fma(p, r, splat(1.3981999507e-3f));
    p = fma(p, r, splat(8.3334519073e-3f));
    p = fma(p, r, splat(4.1665795894e-2f));
    p = fma(p, r, splat(1.6666665459e-1f));
    p = fma(p, r, splat(5.0000001201e-1f));
    p = add(fma(p, mul(r, r), r), splat(1.f));
    return zero_below(scale_by_power(p, n), x, splat(-87.3365447504f));
}

}  // namespace
}  // namespace fastmlx
