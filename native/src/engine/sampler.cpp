#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/failure.h"
#include "engine/hash.h"

namespace fastmlx {
namespace {

int argmax(const float* logits, int vocab) {
    int best = 0;
    for (int i = 1; i < vocab; ++i)
        if (logits[i] > logits[best]) best = i;
    return best;
}

double log_sum_exp(const float* logits, int vocab) {
    double best = *std::max_element(logits, logits + vocab), sum = 0;
    for (int i = 0; i < vocab; ++i) sum += std::exp(static_cast<double>(logits[i]) - best);
    return best + std::log(sum);
}

}  // namespace

double uniform_at(uint64_t seed, int position) {
    uint64_t bits =
        mix64(mix64(seed + 0x9E3779B97F4A7C15ull) ^ (static_cast<uint64_t>(position) * 0xD1B54A32D192ED03ull));
    return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

int Sampler::sample(const float* logits, int vocab, const fm_row& row, int position) {
    for (int i = 0; i < vocab; ++i)
        if (std::isnan(logits[i])) fail(FM_INTERNAL, "the model gave NaN for token ", i, " at position ", position);
    int best = argmax(logits, vocab);
    if (row.temperature <= 0 || row.top_k == 1) return best;
    double uniform = uniform_at(row.seed, position), total = 0;
    candidates_.resize(static_cast<size_t>(vocab));
    for (int i = 0; i < vocab; ++i) {
        float weight = std::exp((logits[i] - logits[best]) / row.temperature);
        candidates_[static_cast<size_t>(i)] = {weight, i};
        total += weight;
    }
    bool filtered = row.top_k > 0 || row.top_p < 1 || row.min_p > 0;
    if (filtered) return draw_filtered(row, total, uniform);
    double at = uniform * total;
    for (const Candidate& candidate : candidates_)
        if ((at -= candidate.weight) < 0) return candidate.id;
    return best;
}

int Sampler::draw_filtered(const fm_row& row, double total, double uniform) {
    auto better = [](const Candidate& a, const Candidate& b) {
        return a.weight != b.weight ? a.weight < b.weight : a.id > b.id;
    };
    std::make_heap(candidates_.begin(), candidates_.end(), better);
    size_t limit =
        row.top_k > 0 ? std::min<size_t>(static_cast<size_t>(row.top_k), candidates_.size()) : candidates_.size();
    // The best is popped to the back again and again: [size - kept, size) holds the kept ones, worst first.
    auto end = candidates_.end();
    if (row.top_k > 0) {  // top-p is a share of what top-k left
        total = 0;
        for (size_t i = 0; i < limit; ++i) {
            std::pop_heap(candidates_.begin(), end, better);
            total += (--end)->weight;
        }
    }
    double kept = 0, wanted = static_cast<double>(row.top_p) * total;
    size_t count = 0;
    auto next = candidates_.end();
    while (count < limit) {
        if (row.top_k <= 0) std::pop_heap(candidates_.begin(), next, better);
        const Candidate& candidate = *--next;
        if (count > 0 && (kept >= wanted || candidate.weight < row.min_p)) break;
        kept += candidate.weight;
        ++count;
    }
    double at = uniform * kept;
    auto candidate = candidates_.end();
    for (size_t i = 0; i < count; ++i)
        if ((at -= (--candidate)->weight) < 0) return candidate->id;
    return candidates_.back().id;
}

float log_probability(const float* logits, int vocab, int token) {
    return static_cast<float>(static_cast<double>(logits[token]) - log_sum_exp(logits, vocab));
}

void top_log_probabilities(const float* logits, int vocab, int top, int32_t* ids, float* out) {
    std::vector<int32_t> order(static_cast<size_t>(vocab));
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + top, order.end(),
                      [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
    double norm = log_sum_exp(logits, vocab);
    for (int i = 0; i < top; ++i) {
        ids[i] = order[static_cast<size_t>(i)];
        out[i] = static_cast<float>(static_cast<double>(logits[ids[i]]) - norm);
    }
}

}  // namespace fastmlx
