#include "mlx/mlx_adjusts.h"

#include <limits>
#include <map>

namespace fastmlx {
namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

template <class Value>
mx::array row_of(const std::vector<Value>& values, mx::Dtype type) {
    return mx::array(values.begin(), {1, static_cast<int>(values.size())}, type);
}

// Several biases of one token add up.
mx::array biased(const mx::array& logits, const Adjusts& all, const fm_adjust& adjust) {
    std::map<int32_t, float> sums;
    for (int i = adjust.bias_first; i < adjust.bias_first + adjust.bias_count; ++i)
        sums[all.ids[static_cast<size_t>(i)]] += all.values[static_cast<size_t>(i)];
    std::vector<int32_t> ids;
    std::vector<float> values;
    for (const auto& [id, value] : sums) {
        ids.push_back(id);
        values.push_back(value);
    }
    mx::array at = row_of(ids, mx::int32);
    mx::array changed = mx::add(mx::take_along_axis(logits, at, 1), row_of(values, mx::float32));
    return mx::put_along_axis(logits, at, changed, 1);
}

mx::array masked(const mx::array& logits, const Adjusts& all, const fm_adjust& adjust) {
    int vocab = logits.shape(1), words = (vocab + 31) / 32;
    const uint32_t* mask = &all.mask[static_cast<size_t>(adjust.mask_first)];
    mx::array bits = mx::right_shift(mx::array(mask, {words, 1}, mx::uint32), mx::arange(0, 32, mx::uint32));
    bits = mx::reshape(mx::bitwise_and(bits, mx::array(1, mx::uint32)), {1, words * 32});
    mx::array allowed = mx::astype(mx::slice(bits, {0, 0}, {1, vocab}), mx::bool_);
    return mx::where(allowed, logits, mx::array(kBanned));
}

// logits and answers (how often the answer has the token): (1, tokens)
mx::array penalised(const mx::array& logits, const mx::array& answers, const fm_adjust& adjust) {
    mx::array factor = mx::array(adjust.repetition_penalty);
    mx::array rare =
        mx::where(mx::greater(logits, mx::array(0.f)), mx::divide(logits, factor), mx::multiply(logits, factor));
    mx::array less =
        mx::add(mx::multiply(mx::array(adjust.frequency_penalty), answers), mx::array(adjust.presence_penalty));
    return mx::subtract(rare, mx::where(mx::greater(answers, mx::array(0.f)), less, mx::array(0.f)));
}

mx::array penalised(const mx::array& logits, const Adjusts& all, const fm_adjust& adjust,
                    const std::optional<mx::array>& last) {
    std::map<int32_t, float> counts;
    for (int i = 0; i < adjust.seen_count; ++i)
        counts[all.ids[static_cast<size_t>(adjust.seen_first + i)]] += i < adjust.seen_prompt ? 0.f : 1.f;
    std::vector<int32_t> ids;
    std::vector<float> answers;
    for (const auto& [id, count] : counts) {
        ids.push_back(id);
        answers.push_back(count);
    }
    mx::array out = logits;
    std::optional<mx::array> token, known;  // the last token, and whether it is among the others
    if (last) token = mx::maximum(mx::reshape(*last, {1, 1}), mx::array(0, mx::int32));
    if (!ids.empty()) {
        mx::array at = row_of(ids, mx::int32), count = row_of(answers, mx::float32);
        if (token) {
            mx::array same = mx::equal(at, *token);
            count = mx::add(count, mx::astype(same, mx::float32));
            known = mx::any(same, 1, true);
        }
        out = mx::put_along_axis(out, at, penalised(mx::take_along_axis(logits, at, 1), count, adjust), 1);
    }
    if (!token) return out;
    mx::array alone = penalised(mx::take_along_axis(logits, *token, 1), mx::array({1.f}, {1, 1}), adjust);
    if (known) alone = mx::where(*known, mx::take_along_axis(out, *token, 1), alone);
    return mx::put_along_axis(out, *token, alone, 1);
}

}  // namespace

mx::array adjusted(const mx::array& logits, const Adjusts& all, const fm_adjust& adjust,
                   const std::optional<mx::array>& last) {
    mx::array out = logits;
    if (adjust.bias_count > 0) out = biased(out, all, adjust);
    if (adjust.mask_first >= 0) out = masked(out, all, adjust);
    if (adjust.frequency_penalty != 0 || adjust.presence_penalty != 0 || adjust.repetition_penalty != 1)
        out = penalised(out, all, adjust, last);
    mx::array any = mx::any(mx::greater(out, mx::array(kBanned)), 1, true);
    return mx::where(any, out, logits);
}

ScoredTokens score_tokens(const mx::array& logits, const std::vector<int32_t>& targets, int top) {
    mx::array all = mx::astype(logits, mx::float32);
    mx::array logs = mx::subtract(all, mx::logsumexp(all, 1, true));
    mx::array at(targets.begin(), {static_cast<int>(targets.size()), 1}, mx::int32);
    ScoredTokens scored{mx::contiguous(mx::squeeze(mx::take_along_axis(logs, at, 1), 1)), {}, {}};
    if (top == 0) return scored;
    mx::array order = mx::argsort(mx::negative(logs), 1);
    order = mx::slice(order, {0, 0}, {order.shape(0), top});
    scored.ids = mx::contiguous(mx::astype(order, mx::int32));
    scored.logprobs = mx::contiguous(mx::take_along_axis(logs, order, 1));
    return scored;
}

}  // namespace fastmlx
