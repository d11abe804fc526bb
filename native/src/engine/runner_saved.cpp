#include <algorithm>
#include <climits>
#include <cstring>

#include "engine/failure.h"
#include "engine/hash.h"
#include "engine/runner.h"

namespace fastmlx {
namespace {

constexpr uint64_t kMagic = 0x31304C534C4D4D46ull;      // "FMMLSL01" in the file's byte order
constexpr uint64_t kRowsMagic = 0x31304F524C4D4D46ull;  // "FMMLRO01"

struct SavedHeader {
    uint64_t magic, fingerprint, payload_bytes, checksum;
    int32_t length, reserved;
};
static_assert(sizeof(SavedHeader) == 40);

struct RowsHeader {
    uint64_t magic, fingerprint, payload_bytes, checksum;
    int32_t first, count, rest, reserved;  // rest: state that is not in rows comes along
};
static_assert(sizeof(RowsHeader) == 48);

uint64_t checksum(const SavedHeader& header, const uint8_t* payload) {
    Hash hash;
    hash.add(header.fingerprint).add(static_cast<uint64_t>(header.length));
    return hash.add(payload, static_cast<size_t>(header.payload_bytes)).value();
}

uint64_t checksum(const RowsHeader& header, const uint8_t* payload) {
    Hash hash;
    hash.add(header.fingerprint).add(static_cast<uint64_t>(header.first));
    hash.add(static_cast<uint64_t>(header.count)).add(static_cast<uint64_t>(header.rest));
    return hash.add(payload, static_cast<size_t>(header.payload_bytes)).value();
}

// The head of saved state, after everything that can be said about it without the model's shape.
template <class Header>
Header check(const void* buffer, uint64_t size, uint64_t magic, uint64_t fingerprint) {
    Header header;
    if (size < sizeof header) fail(FM_INVALID, "saved state is cut");
    std::memcpy(&header, buffer, sizeof header);
    if (header.magic != magic) fail(FM_INVALID, "this is no saved state of this version");
    if (header.fingerprint != fingerprint) fail(FM_INVALID, "saved state belongs to another model");
    const auto* payload = static_cast<const uint8_t*>(buffer) + sizeof header;
    if (header.payload_bytes != size - sizeof header || checksum(header, payload) != header.checksum)
        fail(FM_INVALID, "saved state is damaged");
    return header;
}

template <class Header>
void finish(Header& header, uint8_t* out) {
    header.checksum = checksum(header, out + sizeof header);
    std::memcpy(out, &header, sizeof header);
}

}  // namespace

uint64_t Runner::slot_save(int slot, void* buffer, uint64_t capacity) {
    settle();
    const Slot& entry = slots_[whole_slot(slot)];
    SavedHeader header{kMagic, backend_->fingerprint(), backend_->saved_bytes(slot), 0, entry.length, 0};
    uint64_t size = sizeof header + header.payload_bytes;
    if (capacity < size) return size;
    auto* out = static_cast<uint8_t*>(buffer);
    backend_->save(slot, out + sizeof header);
    finish(header, out);
    return size;
}

int Runner::slot_load(const void* buffer, uint64_t size) {
    settle();
    auto header = check<SavedHeader>(buffer, size, kMagic, backend_->fingerprint());
    if (header.length < 0) fail(FM_INVALID, "saved state is damaged");
    check_growth(header.payload_bytes);
    int slot = free_slot();
    backend_->open(slot);
    try {
        backend_->load(slot, header.length, static_cast<const uint8_t*>(buffer) + sizeof header, header.payload_bytes);
        used_bound_ += header.payload_bytes;
    } catch (...) {
        backend_->close(slot);
        throw;
    }
    slots_[static_cast<size_t>(slot)] = Slot{.open = true, .length = header.length, .opened = begun_};
    return slot;
}

uint64_t Runner::slot_save_rows(int slot, int first, int count, void* buffer, uint64_t capacity) {
    settle();
    if (info_.can_save_rows == 0) fail(FM_UNSUPPORTED, "this backend saves whole slots only");
    const Slot& entry = slots_[whole_slot(slot)];
    if (first < 0 || count <= 0 || first > entry.length || count > entry.length - first)
        fail(FM_INVALID, "slot ", slot, " has ", entry.length, " tokens; rows ", first, " + ", count, " are outside");
    int32_t rest = backend_->has_rest() && first + count == entry.length ? 1 : 0;
    uint64_t bytes = backend_->saved_rows_bytes(slot, first, count);
    RowsHeader header{kRowsMagic, backend_->fingerprint(), bytes, 0, first, count, rest, 0};
    uint64_t size = sizeof header + bytes;
    if (capacity < size) return size;
    auto* out = static_cast<uint8_t*>(buffer);
    backend_->save_rows(slot, first, count, out + sizeof header);
    finish(header, out);
    return size;
}

void Runner::slot_load_rows(int slot, const void* buffer, uint64_t size) {
    settle();
    if (info_.can_save_rows == 0) fail(FM_UNSUPPORTED, "this backend saves whole slots only");
    Slot& entry = slots_[usable_slot(slot)];
    auto header = check<RowsHeader>(buffer, size, kRowsMagic, backend_->fingerprint());
    bool sane =
        header.count > 0 && header.count <= INT_MAX - entry.length && (header.rest & ~1) == 0 && header.reserved == 0;
    if (!sane) fail(FM_INVALID, "saved state is damaged");
    if (header.first != entry.length)
        fail(FM_INVALID, "these rows begin at ", header.first, "; slot ", slot, " has ", entry.length, " tokens");
    // As a step that feeds these tokens: the first page may have to be copied.
    uint64_t growth = std::max(header.payload_bytes, backend_->growth(slot, header.first, header.count));
    check_growth(growth);
    const auto* payload = static_cast<const uint8_t*>(buffer) + sizeof header;
    try {
        backend_->load_rows(slot, header.count, header.rest != 0, payload, header.payload_bytes);
    } catch (const Failure&) {
        throw;  // refused before anything was touched
    } catch (...) {
        entry.lost = true;
        throw;
    }
    used_bound_ += growth;
    entry.length += header.count;
    entry.sampled = false;
    entry.partial = backend_->has_rest() && header.rest == 0;
}

// Whether loading may add so many bytes.
void Runner::check_growth(uint64_t bytes) const {
    if (state_bytes_max_ != 0 && backend_->total_bytes() + bytes > state_bytes_max_)
        fail(FM_NO_MEMORY, "saved state does not fit the limit of ", state_bytes_max_, " bytes");
}

}  // namespace fastmlx
