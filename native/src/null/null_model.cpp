#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "engine/chooser.h"
#include "engine/failure.h"
#include "engine/hash.h"
#include "engine/runner.h"
#include "weights/config.h"
#include "weights/safetensors.h"

namespace fastmlx {
namespace {

constexpr int kVocabDefault = 2048, kContextDefault = 131072;
constexpr uint64_t kEmpty = 0x6E756C6C6D6F6465ull;

// No weights: a timeline is a chain of hashes, one a token, as a cache has one row a token. The next token is the last
// hash modulo the vocabulary, so any mistake in slots, forks, cuts or order changes the answer. NullTwin in C# is
// equal.
class NullBackend final : public EagerBackend {
  public:
    NullBackend(int vocab, int context, size_t slots) : vocab_(vocab), context_(context), timelines_(slots) {}

    void describe(fm_model_info& out) const override {
        out.vocab_size = vocab_;
        out.context_max = context_;
        out.can_trim = 1;
        out.can_save_rows = 1;
        out.state_bytes_per_token = sizeof(uint64_t);
        std::strcpy(out.backend, "null");
        std::strcpy(out.model_type, "null");
    }
    bool can_adjust() const override { return true; }
    uint64_t fingerprint() const override { return Hash().add("null 1").add(static_cast<uint64_t>(vocab_)).value(); }

    void open(int slot) override { at(slot).clear(); }
    void fork(int from, int to, int length) override { at(to).assign(at(from).begin(), at(from).begin() + length); }
    void trim(int slot, int length) override { at(slot).resize(static_cast<size_t>(length)); }
    void close(int slot) override { at(slot).clear(); }
    uint64_t bytes(int slot) const override { return saved_bytes(slot); }
    uint64_t growth(int, int, int count) const override { return static_cast<uint64_t>(count) * sizeof(uint64_t); }
    uint64_t total_bytes() const override {
        uint64_t total = 0;
        for (const auto& timeline : timelines_) total += timeline.size() * sizeof(uint64_t);
        return total;
    }

    uint64_t saved_bytes(int slot) const override {
        return timelines_[static_cast<size_t>(slot)].size() * sizeof(uint64_t);
    }
    void save(int slot, uint8_t* out) const override {
        const auto& timeline = timelines_[static_cast<size_t>(slot)];
        if (!timeline.empty()) std::memcpy(out, timeline.data(), timeline.size() * sizeof(uint64_t));
    }
    void load(int slot, int length, const uint8_t* data, uint64_t size) override {
        if (size != static_cast<uint64_t>(length) * sizeof(uint64_t))
            fail(FM_INVALID, "saved state has the wrong size");
        at(slot).resize(static_cast<size_t>(length));
        if (size != 0) std::memcpy(at(slot).data(), data, size);
    }

    uint64_t saved_rows_bytes(int, int, int count) const override {
        return static_cast<uint64_t>(count) * sizeof(uint64_t);
    }
    void save_rows(int slot, int first, int count, uint8_t* out) const override {
        std::memcpy(out, timelines_[static_cast<size_t>(slot)].data() + first, saved_rows_bytes(slot, first, count));
    }
    void load_rows(int slot, int count, bool, const uint8_t* data, uint64_t size) override {
        if (size != saved_rows_bytes(slot, 0, count)) fail(FM_INVALID, "saved rows have the wrong size");
        auto& timeline = at(slot);
        size_t first = timeline.size();
        timeline.resize(first + static_cast<size_t>(count));
        std::memcpy(timeline.data() + first, data, size);
    }

    void run(const Batch& batch, StepResult& result) override {
        chooser_.begin(batch, result);
        const int32_t* token = batch.tokens.data();
        for (size_t i = 0; i < batch.rows.size(); ++i) {
            const fm_row& row = batch.rows[i];
            const fm_adjust* adjust = batch.adjusts.of(i);
            feed(row, token);
            token += row.count;
            for (int at = 0; adjust != nullptr && at < adjust->score_count; ++at)
                chooser_.score(batch, i, at, one_hot(row.slot, row.first + at), vocab_, result);
            if (row.sample == 0) {
                chooser_.skip(result);
            } else if (row.sample == 1 && adjust == nullptr) {
                result.next.push_back(next(row.slot));
            } else {
                fm_row greedy = row;
                greedy.temperature = 0;
                chooser_.choose(batch, i, greedy, one_hot(row.slot, row.first + row.count - 1), vocab_, result);
            }
        }
    }

    void logits(const Batch& batch, bool all, float* out) override {
        const fm_row& row = batch.rows[0];
        fm_row one = row;
        one.count = 1;
        for (int i = 0; i < row.count; ++i) {
            feed(one, &batch.tokens[static_cast<size_t>(i)]);
            if (!all && i + 1 < row.count) continue;
            std::fill(out, out + vocab_, 0.f);
            out[next(row.slot)] = 1.f;
            out += vocab_;
        }
    }

  private:
    std::vector<uint64_t>& at(int slot) { return timelines_[static_cast<size_t>(slot)]; }

    void feed(const fm_row& row, const int32_t* tokens) {
        auto& timeline = at(row.slot);
        for (int i = 0; i < row.count; ++i) {
            uint64_t last = timeline.empty() ? kEmpty : timeline.back();
            timeline.push_back(mix64(last ^ (static_cast<uint64_t>(tokens[i]) + 1) * 0x9E3779B97F4A7C15ull));
        }
    }
    int32_t next(int slot) { return next(slot, at(slot).size() - 1); }
    int32_t next(int slot, size_t position) {
        return static_cast<int32_t>(at(slot)[position] % static_cast<uint64_t>(vocab_));
    }
    // Logits: 1 for the token that follows, 0 for all others.
    const float* one_hot(int slot, int position) {
        logits_.assign(static_cast<size_t>(vocab_), 0.f);
        logits_[static_cast<size_t>(next(slot, static_cast<size_t>(position)))] = 1.f;
        return logits_.data();
    }

    int vocab_, context_;
    Chooser chooser_;
    std::vector<float> logits_;
    std::vector<std::vector<uint64_t>> timelines_;
};

}  // namespace

std::unique_ptr<Model> open_null_model(const std::string& folder, const fm_model_options& options) {
    int vocab = kVocabDefault, context = kContextDefault;
    std::string path = folder + "/config.json";
    if (!folder.empty() && std::filesystem::exists(path)) {
        MappedFile file(path);
        Json json = Json::parse({reinterpret_cast<const char*>(file.data()), static_cast<size_t>(file.size())}, path);
        Config config(json, "config.json");
        Config text = config.object("text_config").value_or(config);
        vocab = std::max(1, text.integer("vocab_size", vocab));
        context = text.integer("max_position_embeddings", context);
    }
    auto slots = static_cast<size_t>(options.max_slots == 0 ? 64 : options.max_slots);
    return make_runner(std::make_unique<NullBackend>(vocab, context, slots), options);
}

}  // namespace fastmlx
