// stream/file_choices.h: which files of a folder are new, and which batch reads each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rt/env.h"
#include "rt/guarded.h"
#include "stream/folder_pattern.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// What one look into the folder has found.
struct FolderLook {
  std::vector<std::string> names;  // All that are there, below the root, sorted.
  std::vector<std::string> fresh;  // New ones that can be read, sorted.
  // Folders of which nothing is known: what was seen there stays seen.
  std::vector<std::string> unlisted;
  // Of the choices that were made before it began.
  std::uint64_t choices = 0;
};

// Of one stream of files: those of a folder, or of all folders that a pattern names. A name counts as seen
// for as long as the file is there, so what is written in place later is not read again. Files that begin
// with '.' or '_', or that end with "._COPYING_", are being written or belong to somebody else. Thread safe:
// the engine chooses for the next batch while a job reads the present one.
class FileChoices {
 public:
  // Names in the folders, read ones included; with more of them a look fails with kIo.
  static constexpr std::size_t kNamesMost = 200'000;
  // Files of one batch; the others wait for the next.
  static constexpr std::size_t kFilesMost = 10'000;

  // Of names without their folder; empty: all.
  using Filter = std::function<bool(const std::string& name)>;

  // What is there now counts as seen if `newFilesOnly`. References must outlive this. Throws Error(kIo), and
  // Error(kUsage) for a pattern that can match nothing.
  FileChoices(rt::FileSystem& files, base::LogSink& log, std::string directory, Filter filter,
              bool newFilesOnly);

  // Blocking; changes nothing. A file that cannot be read is looked for again. kIo; kUserCodeFailed: the
  // filter.
  Result<FolderLook> look();
  // The batch reads what was found, unless another one does. Gives the paths; a batch that has some keeps
  // them.
  std::vector<std::string> choose(Time time, const FolderLook& look);
  // Nothing is known of the folder: the batch reads no file, unless some were chosen for it.
  void chooseNone(Time time);
  // The batch fails with this, until a look succeeds: then it reads no file.
  void refuse(Time time, Error error);
  // What an earlier process has chosen for it.
  void restore(Time time, const std::vector<std::string>& paths);
  // Nothing: nobody has chosen for it.
  std::optional<std::vector<std::string>> of(Time time) const;
  // Nothing: the batch was not refused.
  std::optional<Error> refusalOf(Time time) const;
  // Of the paths, those that are there still; the others are told. Blocking. kIo, if they are `needed` by a
  // batch that was not completed yet: the folder of one is gone as well, and is a folder of this stream.
  Result<std::vector<std::string>> stillThere(std::vector<std::string> paths, bool needed);
  // Batches up to there are needed no more.
  void forgetUpTo(Time time);

  // Names that counted as seen when the batch of `time` had its files.
  std::set<std::string> seenAt(Time time) const;
  void setSeen(std::set<std::string> seen);

  // As the program has named it.
  const std::string& directory() const { return folders_.pattern(); }

 private:
  struct State {
    std::set<std::string> seen;                       // Names below the root.
    std::map<Time, std::vector<std::string>> chosen;  // Paths.
    std::map<Time, Error> refused;
    std::uint64_t choices = 0;
    std::set<std::string> complainedOf;  // Files.
    std::set<std::string> unlisted;      // Folders.
  };
  Result<FolderNames> names();
  Result<bool> wanted(const std::string& path) const;

  rt::FileSystem& files_;
  base::LogSink& log_;
  const FolderPattern folders_;
  const Filter filter_;
  rt::Guarded<State> state_;
};

// One stream of files, as the engine knows it.
struct FileInput {
  std::shared_ptr<FileChoices> choices;
  // Of the operator.
  std::function<const std::string&()> uid;
};

}  // namespace tidemill::stream
