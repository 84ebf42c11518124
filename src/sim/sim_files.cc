#include "sim/sim_files.h"

#include <algorithm>
#include <utility>

#include "rt/path.h"

namespace tidemill::sim {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

tl::unexpected<Error> ioError(std::string_view what, const std::string& path) {
  return fail(Code::kIo, std::string(what) + " " + path, "look at the disk that holds the state directory");
}
tl::unexpected<Error> noSuchFile(const std::string& path) {
  return ioError("no such file:", path);
}
tl::unexpected<Error> deadNode(const std::string& path) {
  return ioError("this node is dead:", path);
}
tl::unexpected<Error> readOnly(const std::string& path) {
  return ioError("read-only file system:", path);
}

}  // namespace

struct SimFiles::View {
  SimDisk* disk;  // Null once killed.
  Observer observer;
  std::set<std::string> locked;

  void saw(std::string_view operation, std::string_view path, std::string_view bytes = {}) const {
    if (observer) observer(operation, path, bytes);
  }
};

class SimFiles::File final : public rt::AppendFile {
 public:
  File(std::shared_ptr<View> view, std::string path, SimDisk::Inode inode)
      : view_(std::move(view)), path_(std::move(path)), inode_(std::move(inode)) {}

  Result<void> append(std::string_view bytes) override {
    if (view_->disk == nullptr) return deadNode(path_);
    if (broken_) return ioError("an earlier sync failed:", path_);
    SimDisk& disk = *view_->disk;
    if (disk.faults().readOnly) return dieReadOnly();
    const bool drawn = disk.faults().on && disk.random().chance(disk.faults().full, kMillion);
    if (drawn || disk.bytesUsed() + bytes.size() > disk.faults().bytesMax) {
      view_->saw("file.full", path_);
      return fail(Code::kDiskFull, "no space left while appending to " + path_,
                  "free space, then start again");
    }
    inode_->bytes.append(bytes);
    view_->saw("file.append", path_, bytes);
    return {};
  }

  Result<void> sync() override {
    if (view_->disk == nullptr) return deadNode(path_);
    if (broken_) return ioError("an earlier sync failed:", path_);
    SimDisk& disk = *view_->disk;
    if (disk.faults().readOnly) return dieReadOnly();
    if (disk.faults().on && disk.random().chance(disk.faults().syncFails, kMillion)) {
      broken_ = true;
      inode_->dropped.emplace_back(inode_->synced, inode_->bytes.size());
      view_->saw("file.syncfail", path_);
      return ioError("sync failed:", path_);
    }
    inode_->synced = inode_->bytes.size();
    view_->saw("file.sync", path_);
    return {};
  }

 private:
  tl::unexpected<Error> dieReadOnly() {
    broken_ = true;
    view_->saw("file.readonly", path_);
    return readOnly(path_);
  }

  std::shared_ptr<View> view_;
  const std::string path_;
  SimDisk::Inode inode_;
  bool broken_ = false;
};

class SimFiles::Lock final : public rt::FileLock {
 public:
  Lock(std::shared_ptr<View> view, std::string path) : view_(std::move(view)), path_(std::move(path)) {}
  ~Lock() override {
    if (view_->disk == nullptr) return;  // Freed already, and perhaps taken by a successor.
    view_->disk->locks().erase(path_);
    view_->locked.erase(path_);
    view_->saw("file.unlock", path_);
  }

 private:
  std::shared_ptr<View> view_;
  const std::string path_;
};

SimFiles::SimFiles(SimDisk& disk, Observer observer)
    : view_(std::make_shared<View>(View{&disk, std::move(observer), {}})) {}

SimFiles::~SimFiles() {
  kill();
}

void SimFiles::kill() {
  if (view_->disk == nullptr) return;
  for (const std::string& path : view_->locked) view_->disk->locks().erase(path);
  view_->locked.clear();
  view_->disk = nullptr;
}

Result<void> SimFiles::makeDirectory(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  std::string parent = path;
  while (!view_->disk->hasDirectory(parent)) {  // Bounded by the depth of the path.
    if (view_->disk->find(parent) != nullptr)
      return ioError("a file stands where a folder should be:", parent);
    if (view_->disk->faults().readOnly) return readOnly(path);
    view_->disk->addDirectory(parent);
    parent = rt::directoryOf(parent);
  }
  view_->saw("file.mkdir", path);
  return {};
}

Result<std::unique_ptr<rt::AppendFile>> SimFiles::openAppend(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  if (view_->disk->faults().readOnly) return readOnly(path);
  SimDisk& disk = *view_->disk;
  if (disk.hasDirectory(path)) return ioError("is a folder:", path);
  if (!disk.hasDirectory(rt::directoryOf(path))) return ioError("no such folder for", path);
  SimDisk::Inode inode = disk.find(path);
  if (inode == nullptr) {
    inode = std::make_shared<SimInode>();
    disk.setName(path, inode);
    view_->saw("file.create", path);
  }
  return std::make_unique<File>(view_, path, std::move(inode));
}

Result<std::string> SimFiles::read(const std::string& path, std::uint64_t bytesMax) {
  if (view_->disk == nullptr) return deadNode(path);
  const SimDisk::Inode inode = view_->disk->find(path);
  if (inode == nullptr) return noSuchFile(path);
  if (inode->bytes.size() > bytesMax) return ioError("file is larger than expected:", path);
  return inode->bytes;
}

Result<std::size_t> SimFiles::readAt(const std::string& path, std::uint64_t offset, std::span<char> into) {
  if (view_->disk == nullptr) return deadNode(path);
  const SimDisk::Inode inode = view_->disk->find(path);
  if (inode == nullptr) return noSuchFile(path);
  const std::string& bytes = inode->bytes;
  if (offset >= bytes.size()) return std::size_t{0};
  const std::size_t got = std::min<std::size_t>(into.size(), bytes.size() - offset);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), got, into.begin());
  return got;
}

Result<std::uint64_t> SimFiles::size(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  const SimDisk::Inode inode = view_->disk->find(path);
  if (inode == nullptr) return noSuchFile(path);
  return inode->bytes.size();
}

Result<void> SimFiles::truncate(const std::string& path, std::uint64_t size) {
  if (view_->disk == nullptr) return deadNode(path);
  if (view_->disk->faults().readOnly) return readOnly(path);
  const SimDisk::Inode inode = view_->disk->find(path);
  if (inode == nullptr) return noSuchFile(path);
  if (inode->bytes.size() <= size) return {};
  inode->bytes.resize(size);
  inode->synced = std::min<std::size_t>(inode->synced, size);
  std::erase_if(inode->flipped, [size](const auto& flip) { return flip.first >= size; });
  view_->saw("file.truncate", path);
  return {};
}

Result<bool> SimFiles::exists(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  return view_->disk->find(path) != nullptr || view_->disk->hasDirectory(path);
}

Result<bool> SimFiles::isFolder(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  return view_->disk->hasDirectory(path);
}

Result<void> SimFiles::rename(const std::string& from, const std::string& to) {
  if (view_->disk == nullptr) return deadNode(from);
  if (view_->disk->faults().readOnly) return readOnly(to);
  if (rt::directoryOf(from) != rt::directoryOf(to)) return ioError("rename leaves the folder of", from);
  if (view_->disk->find(from) == nullptr) return noSuchFile(from);
  if (view_->disk->hasDirectory(to)) return ioError("is a folder:", to);
  if (from != to) view_->disk->renameFile(from, to);
  view_->saw("file.rename", to, from);
  return {};
}

Result<void> SimFiles::remove(const std::string& path) {
  if (view_->disk == nullptr) return deadNode(path);
  if (view_->disk->faults().readOnly) return readOnly(path);
  if (view_->disk->find(path) == nullptr) return noSuchFile(path);
  view_->disk->setName(path, nullptr);
  view_->saw("file.remove", path);
  return {};
}

Result<std::vector<std::string>> SimFiles::list(const std::string& directory) {
  if (view_->disk == nullptr) return deadNode(directory);
  if (!view_->disk->hasDirectory(directory)) return ioError("no such folder:", directory);
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (path != directory && rt::directoryOf(path) == directory)
      names.insert(path.substr(path.rfind('/') + 1));
  };
  for (const auto& [path, inode] : view_->disk->files()) add(path);
  for (const std::string& path : view_->disk->directories()) add(path);
  names.erase(".");
  names.erase("");
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> SimFiles::syncDirectory(const std::string& directory) {
  if (view_->disk == nullptr) return deadNode(directory);
  if (view_->disk->faults().readOnly) return readOnly(directory);
  if (!view_->disk->hasDirectory(directory)) return ioError("no such folder:", directory);
  view_->disk->syncDirectory(directory);
  view_->saw("file.syncdir", directory);
  return {};
}

Result<std::unique_ptr<rt::FileLock>> SimFiles::lock(const std::string& path, const std::string& holder) {
  if (view_->disk == nullptr) return deadNode(path);
  if (view_->disk->faults().readOnly) return readOnly(path);
  SimDisk& disk = *view_->disk;
  const auto held = disk.locks().find(path);
  if (held != disk.locks().end()) {
    return fail(Code::kConflict, path + " is locked by " + held->second, "stop that process first");
  }
  if (!disk.hasDirectory(rt::directoryOf(path))) return ioError("no such folder for", path);
  SimDisk::Inode inode = disk.find(path);
  if (inode == nullptr) {
    inode = std::make_shared<SimInode>();
    disk.setName(path, inode);
  }
  inode->bytes = holder;
  inode->synced = 0;
  disk.locks()[path] = holder;
  view_->locked.insert(path);
  view_->saw("file.lock", path, holder);
  return std::make_unique<Lock>(view_, path);
}

}  // namespace tidemill::sim
