#include "engine/checkpoint.h"

#include "engine/failure.h"
#include "engine/hash.h"

namespace fastmlx {
namespace {

Json read_json(const std::string& path) {
    MappedFile file(path);
    return Json::parse({reinterpret_cast<const char*>(file.data()), static_cast<size_t>(file.size())}, path);
}

}  // namespace

Checkpoint::Checkpoint(const std::string& folder, uint64_t state_format, const Shard& shard)
    : json(read_json(folder + "/config.json")), weights(folder, json, shard) {
    if (!json.is_object()) fail(FM_INVALID, "config.json is not an object");
    Config config(json, "config.json");
    std::string type = config.string("model_type", "");
    if (type.empty()) fail(FM_INVALID, "config.json: 'model_type' is missing");
    const Family* family = find_family(type);
    if (family == nullptr)
        fail(FM_UNSUPPORTED, "model_type '", type, "' is not supported; known are ", known_families());
    shard_config(json, type, shard);
    facts.model_type = type;
    graph = family->load(Loader{config, weights, facts});
    config.finish(type);
    weights.finish(type);
    Hash hash;
    // All arithmetics of a backend may read each other's state: they differ in rounding, not in meaning.
    hash.add(type).add(weights.fingerprint()).add(state_format).add(static_cast<uint64_t>(facts.states.size()));
    for (const StateSpec& state : facts.states)
        hash.add(static_cast<uint64_t>(state.heads))
            .add(static_cast<uint64_t>(state.k_dim))
            .add(static_cast<uint64_t>(state.window));
    if (shard) hash.add(static_cast<uint64_t>(shard.size)).add(static_cast<uint64_t>(shard.rank));
    fingerprint = hash.value();
}

}  // namespace fastmlx
