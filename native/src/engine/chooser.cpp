#include "engine/chooser.h"

#include <algorithm>
#include <limits>

namespace fastmlx {

void Chooser::begin(const Batch& batch, StepResult& result) {
    result.next.clear();
    result.logits.clear();
    result.kept.assign(batch.rows.size(), -1);
    result.scores.clear();
    for (const fm_adjust& entry : batch.adjusts.entries) {
        if (entry.score_count == 0) continue;
        Scores& scores = result.scores;
        auto count = static_cast<size_t>(entry.score_count), top = static_cast<size_t>(entry.score_top);
        scores.entries.push_back(
            {entry.row, entry.score_count, entry.score_top, scores.chosen.size(), scores.ids.size()});
        scores.chosen.resize(scores.chosen.size() + count);
        scores.ids.resize(scores.ids.size() + count * top);
        scores.logprobs.resize(scores.ids.size());
    }
}

void Chooser::choose(const Batch& batch, size_t row, const fm_row& entry, const float* logits, int vocab,
                     StepResult& result) {
    const fm_adjust* adjust = batch.adjusts.of(row);
    const float* changed = adjust == nullptr ? logits : adjusted(batch.adjusts, *adjust, logits, vocab);
    result.next.push_back(sampler_.sample(changed, vocab, entry, entry.first + entry.count));
    if (entry.sample != 3) return;
    result.kept[row] = static_cast<int32_t>(result.logits.size() / static_cast<size_t>(vocab));
    result.logits.insert(result.logits.end(), logits, logits + vocab);
}

void Chooser::score(const Batch& batch, size_t row, int index, const float* logits, int vocab, StepResult& result) {
    const Scores::Entry& entry = *result.scores.of(static_cast<int>(row));
    int32_t target = batch.adjusts.targets(*batch.adjusts.of(row))[static_cast<size_t>(index)];
    result.scores.chosen[entry.first + static_cast<size_t>(index)] = log_probability(logits, vocab, target);
    if (entry.top == 0) return;
    size_t at = entry.first_top + static_cast<size_t>(index) * static_cast<size_t>(entry.top);
    top_log_probabilities(logits, vocab, entry.top, &result.scores.ids[at], &result.scores.logprobs[at]);
}

const float* Chooser::adjusted(const Adjusts& all, const fm_adjust& adjust, const float* logits, int vocab) {
    constexpr float kBanned = -std::numeric_limits<float>::infinity();
    logits_.assign(logits, logits + vocab);
    for (int i = adjust.bias_first; i < adjust.bias_first + adjust.bias_count; ++i)
        logits_[static_cast<size_t>(all.ids[static_cast<size_t>(i)])] += all.values[static_cast<size_t>(i)];
    if (adjust.mask_first >= 0) {
        const uint32_t* mask = &all.mask[static_cast<size_t>(adjust.mask_first)];
        for (int id = 0; id < vocab; ++id)
            if ((mask[id / 32] >> (id % 32) & 1u) == 0) logits_[static_cast<size_t>(id)] = kBanned;
    }
    penalise(all, adjust);
    bool any = std::any_of(logits_.begin(), logits_.end(), [](float value) { return value > kBanned; });
    return any ? logits_.data() : logits;
}

void Chooser::penalise(const Adjusts& all, const fm_adjust& adjust) {
    if (adjust.frequency_penalty == 0 && adjust.presence_penalty == 0 && adjust.repetition_penalty == 1) return;
    seen_.resize(logits_.size());
    auto see = [&](int32_t token, int32_t answers) {
        Seen& mark = seen_[static_cast<size_t>(token)];
        if (!mark.any) touched_.push_back(token);
        mark.any = true;
        mark.answers += answers;
    };
    for (int i = 0; i < adjust.seen_count; ++i)
        see(all.ids[static_cast<size_t>(adjust.seen_first + i)], i < adjust.seen_prompt ? 0 : 1);
    if (all.last_of(adjust) >= 0) see(all.last_of(adjust), 1);
    for (int32_t token : touched_) {
        float& logit = logits_[static_cast<size_t>(token)];
        Seen& mark = seen_[static_cast<size_t>(token)];
        logit = logit > 0 ? logit / adjust.repetition_penalty : logit * adjust.repetition_penalty;
        if (mark.answers > 0)
            logit -= adjust.frequency_penalty * static_cast<float>(mark.answers) + adjust.presence_penalty;
        mark = Seen{};
    }
    touched_.clear();
}

}  // namespace fastmlx
