#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fastmlx {

// Element types of a safetensors file that we can read.
enum class Element : uint8_t { kF32, kBF16, kF16, kU32, kU8, kI32, kI64, kF8E4M3 };

struct TensorView {
    std::string name;
    Element element = Element::kF32;
    std::vector<int64_t> shape;
    const uint8_t* data = nullptr;  // not aligned
    uint64_t bytes = 0;
    int64_t count() const;
};

const char* element_name(Element element);
int element_bytes(Element element);

// A file mapped read-only for its life. Pages are read when first touched, so opening is quick at any size.
class MappedFile {
  public:
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    const uint8_t* data() const { return data_; }
    uint64_t size() const { return size_; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
    const uint8_t* data_ = nullptr;
    uint64_t size_ = 0;
};

// Checks every bound itself: a view never leaves the file, and its bytes are its shape's.
std::vector<TensorView> read_safetensors(const MappedFile& file);

}  // namespace fastmlx
