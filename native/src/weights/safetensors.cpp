#include "weights/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/failure.h"
#include "weights/json.h"

namespace fastmlx {
namespace {

constexpr uint64_t kHeaderMax = 100ull << 20;
constexpr int64_t kElementsMax = int64_t{1} << 46;

struct ElementRow {
    const char* name;
    Element element;
    int bytes;
};

constexpr ElementRow kElements[] = {
    {"F32", Element::kF32, 4}, {"BF16", Element::kBF16, 2}, {"F16", Element::kF16, 2}, {"U32", Element::kU32, 4},
    {"U8", Element::kU8, 1},   {"I32", Element::kI32, 4},   {"I64", Element::kI64, 8}, {"F8_E4M3", Element::kF8E4M3, 1},
};

std::optional<Element> find_element(std::string_view name) {
    for (const ElementRow& row : kElements)
        if (name == row.name) return row.element;
    return std::nullopt;
}

const Json& member(const Json& object, const char* key, Json::Kind kind, const std::string& where) {
    const Json* found = object.find(key);
    if (found == nullptr || found->kind() != kind)
        fail(FM_INVALID, where, ": '", key, "' is missing or of the wrong kind");
    return *found;
}

int64_t natural(const Json& value, const std::string& where) {
    if (!value.is_integer() || value.integer() < 0)
        fail(FM_INVALID, where, ": a size or offset is not a natural number");
    return value.integer();
}

std::optional<TensorView> read_tensor(const Json::Member& entry, const uint8_t* data, uint64_t size,
                                      const std::string& file) {
    std::string where = join(file, ", tensor ", entry.first);
    const Json& object = entry.second;
    if (!object.is_object()) fail(FM_INVALID, where, ": not an object");
    TensorView view;
    view.name = entry.first;
    std::optional<Element> element = find_element(member(object, "dtype", Json::Kind::kString, where).string());
    const Json& offsets = member(object, "data_offsets", Json::Kind::kArray, where);
    if (offsets.items().size() != 2) fail(FM_INVALID, where, ": data_offsets is not a pair");
    auto begin = static_cast<uint64_t>(natural(offsets.items()[0], where));
    auto end = static_cast<uint64_t>(natural(offsets.items()[1], where));
    if (begin > end || end > size) fail(FM_INVALID, where, ": its bytes lie outside the file");
    int64_t count = 1;
    for (const Json& item : member(object, "shape", Json::Kind::kArray, where).items()) {
        int64_t dimension = natural(item, where);
        if (dimension != 0 && count > kElementsMax / dimension) fail(FM_INVALID, where, ": its shape is too large");
        count *= dimension;
        view.shape.push_back(dimension);
    }
    if (!element) return std::nullopt;  // a format we cannot read: an error only where it is asked for
    view.element = *element;
    view.bytes = end - begin;
    view.data = data + begin;
    if (view.bytes != static_cast<uint64_t>(count) * static_cast<uint64_t>(element_bytes(view.element)))
        fail(FM_INVALID, where, ": its shape needs other than its ", view.bytes, " bytes");
    return view;
}

}  // namespace

int64_t TensorView::count() const {
    int64_t product = 1;
    for (int64_t dimension : shape) product *= dimension;
    return product;
}

const char* element_name(Element element) { return kElements[static_cast<int>(element)].name; }
int element_bytes(Element element) { return kElements[static_cast<int>(element)].bytes; }

MappedFile::MappedFile(const std::string& path) : path_(path) {
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(FM_IO, "cannot open ", path, ": ", std::strerror(errno));
    struct stat status {};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(file);
        fail(FM_IO, path, " is not a regular file");
    }
    size_ = static_cast<uint64_t>(status.st_size);
    void* mapped = size_ == 0 ? nullptr : ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
    int error = errno;
    ::close(file);
    if (mapped == MAP_FAILED) fail(FM_IO, "cannot map ", path, ": ", std::strerror(error));
    data_ = static_cast<const uint8_t*>(mapped);
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

std::vector<TensorView> read_safetensors(const MappedFile& file) {
    if (file.size() < 8) fail(FM_INVALID, file.path(), " is too short for a safetensors file");
    uint64_t header = 0;
    std::memcpy(&header, file.data(), 8);
    if (header > kHeaderMax || header > file.size() - 8)
        fail(FM_INVALID, file.path(), ": its header claims ", header, " bytes, more than the file or the limit");
    std::string_view text(reinterpret_cast<const char*>(file.data() + 8), static_cast<size_t>(header));
    Json root = Json::parse(text, file.path());
    if (!root.is_object()) fail(FM_INVALID, file.path(), ": its header is not an object");
    std::vector<TensorView> views;
    for (const Json::Member& entry : root.members()) {
        if (entry.first == "__metadata__") continue;
        auto view = read_tensor(entry, file.data() + 8 + header, file.size() - 8 - header, file.path());
        if (view) views.push_back(std::move(*view));
    }
    return views;
}

}  // namespace fastmlx
