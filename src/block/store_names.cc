#include "block/store_names.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace tidemill::block {
namespace {

constexpr std::string_view kSegment = "segment-";
constexpr std::string_view kIndex = "index-";
constexpr std::string_view kUnfinished = ".new";
// Zeros in front make the order of names that of numbers, for people.
constexpr int kDigits = 10;

std::string nameOf(std::string_view kind, StoreFile file) {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%0*llu-%0*llu", kDigits,
                static_cast<unsigned long long>(file.epoch), kDigits,
                static_cast<unsigned long long>(file.number));
  return std::string(kind) + numbers;
}

std::optional<StoreFile> parse(std::string_view kind, std::string_view name) {
  if (!name.starts_with(kind)) return std::nullopt;
  const auto numbers = base::split(name.substr(kind.size()), '-');
  if (numbers.size() != 2) return std::nullopt;
  // At most 18 digits: every such number and its successors fit.
  for (const std::string_view text : numbers) {
    if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
  }
  const StoreFile file{static_cast<std::uint64_t>(*base::parseInteger(numbers[0])),
                       static_cast<std::uint64_t>(*base::parseInteger(numbers[1]))};
  if (nameOf(kind, file) != name) return std::nullopt;
  return file;
}

}  // namespace

std::string segmentName(StoreFile file) {
  return nameOf(kSegment, file);
}

std::string indexName(StoreFile file) {
  return nameOf(kIndex, file);
}

std::string unfinishedIndexName(StoreFile file) {
  return indexName(file) + std::string(kUnfinished);
}

std::optional<StoreFile> parseSegmentName(std::string_view name) {
  return parse(kSegment, name);
}

std::optional<StoreFile> parseIndexName(std::string_view name) {
  return parse(kIndex, name);
}

std::optional<StoreFile> parseUnfinishedIndexName(std::string_view name) {
  if (!name.ends_with(kUnfinished)) return std::nullopt;
  return parseIndexName(name.substr(0, name.size() - kUnfinished.size()));
}

std::uint64_t StoreListing::epochMax() const {
  std::uint64_t epoch = 0;
  for (const auto* list : {&segments, &indexes, &unfinished})
    for (const StoreFile& file : *list) epoch = std::max(epoch, file.epoch);
  return epoch;
}

Result<StoreListing> listStore(rt::FileSystem& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names) return fail(names.error());
  StoreListing listing;
  for (const std::string& name : *names) {
    if (name == kStoreLockName) listing.lock = true;
    if (const auto segment = parseSegmentName(name)) listing.segments.push_back(*segment);
    if (const auto index = parseIndexName(name)) listing.indexes.push_back(*index);
    if (const auto unfinished = parseUnfinishedIndexName(name)) listing.unfinished.push_back(*unfinished);
  }
  for (auto* list : {&listing.segments, &listing.indexes, &listing.unfinished})
    std::sort(list->begin(), list->end());
  return listing;
}

}  // namespace tidemill::block
