#include "sim/recorded_files.h"

#include <utility>

namespace tidemill::sim {

using RecordedKind = FileChange::Kind;

Result<void> RecordedFiles::Record::pass(bool needsRoom, const std::string& path) {
  if (!failing || (failing->code == Code::kDiskFull && !needsRoom)) return {};
  const std::size_t number = calls++;
  if (number < failing->first || number - failing->first >= failing->count) return {};
  return tidemill::fail(failing->code, "this call was told to fail: " + path, "tell it not to");
}

class RecordedFiles::File final : public rt::AppendFile {
 public:
  File(std::shared_ptr<Record> record, std::unique_ptr<rt::AppendFile> inner, std::string path, int number)
      : record_(std::move(record)), inner_(std::move(inner)), path_(std::move(path)), number_(number) {}

  Result<void> append(std::string_view bytes) override {
    if (dead_) return tidemill::fail(Code::kIo, "an earlier call failed: " + path_, "look at it");
    auto result = record_->pass(/*needsRoom=*/true, path_);
    if (result) result = inner_->append(bytes);
    // A full disk leaves the file as it was; another failure may have left anything.
    if (!result) dead_ = result.error().code() != Code::kDiskFull;
    if (result) record_->changes.push_back({RecordedKind::kAppend, number_, {}, {}, std::string(bytes), 0});
    return result;
  }

  Result<void> sync() override {
    if (dead_) return tidemill::fail(Code::kIo, "an earlier call failed: " + path_, "look at it");
    auto result = record_->pass(/*needsRoom=*/true, path_);  // Room may be taken as late as here.
    if (result) result = inner_->sync();
    dead_ = !result;
    if (result) record_->changes.push_back({RecordedKind::kSync, number_, {}, {}, {}, 0});
    return result;
  }

 private:
  const std::shared_ptr<Record> record_;
  const std::unique_ptr<rt::AppendFile> inner_;
  const std::string path_;
  const int number_;
  bool dead_ = false;
};

Result<void> RecordedFiles::makeDirectory(const std::string& path) {
  auto passed = record_->pass(true, path);
  return passed ? inner_.makeDirectory(path) : passed;
}

Result<std::unique_ptr<rt::AppendFile>> RecordedFiles::openAppend(const std::string& path) {
  auto passed = record_->pass(true, path);
  if (!passed) return tidemill::fail(passed.error());
  auto file = inner_.openAppend(path);
  if (!file) return file;
  if (names_.count(path) == 0) {
    names_[path] = ++lastFile_;
    record_->changes.push_back({RecordedKind::kCreate, lastFile_, path, {}, {}, 0});
  }
  return std::make_unique<File>(record_, std::move(*file), path, names_[path]);
}

Result<std::string> RecordedFiles::read(const std::string& path, std::uint64_t bytesMax) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.read(path, bytesMax);
}

Result<std::size_t> RecordedFiles::readAt(const std::string& path, std::uint64_t offset,
                                          std::span<char> into) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.readAt(path, offset, into);
}

Result<std::uint64_t> RecordedFiles::size(const std::string& path) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.size(path);
}

Result<void> RecordedFiles::truncate(const std::string& path, std::uint64_t size) {
  auto result = record_->pass(false, path);
  if (result) result = inner_.truncate(path, size);
  if (result) record_->changes.push_back({RecordedKind::kTruncate, names_[path], {}, {}, {}, size});
  return result;
}

Result<bool> RecordedFiles::exists(const std::string& path) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.exists(path);
}

Result<bool> RecordedFiles::isFolder(const std::string& path) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.isFolder(path);
}

Result<void> RecordedFiles::rename(const std::string& from, const std::string& to) {
  auto result = record_->pass(true, from);
  if (result) result = inner_.rename(from, to);
  if (!result) return result;
  const int file = names_[from];
  names_.erase(from);
  names_[to] = file;
  record_->changes.push_back({RecordedKind::kRename, file, from, to, {}, 0});
  return {};
}

Result<void> RecordedFiles::remove(const std::string& path) {
  auto result = record_->pass(false, path);
  if (result) result = inner_.remove(path);
  if (!result) return result;
  record_->changes.push_back({RecordedKind::kRemove, names_[path], path, {}, {}, 0});
  names_.erase(path);
  return {};
}

Result<std::vector<std::string>> RecordedFiles::list(const std::string& directory) {
  auto passed = record_->pass(false, directory);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.list(directory);
}

Result<void> RecordedFiles::syncDirectory(const std::string& directory) {
  auto result = record_->pass(true, directory);
  if (result) result = inner_.syncDirectory(directory);
  if (result) record_->changes.push_back({RecordedKind::kSyncDirectory, 0, directory, {}, {}, 0});
  return result;
}

Result<std::unique_ptr<rt::FileLock>> RecordedFiles::lock(const std::string& path,
                                                          const std::string& holder) {
  auto passed = record_->pass(false, path);
  if (!passed) return tidemill::fail(passed.error());
  return inner_.lock(path, holder);
}

}  // namespace tidemill::sim
