// stream/folder_looks.h: looks into the folders of streams of files, none of which holds batches up.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rt/env.h"
#include "rt/semaphore.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "stream/file_choices.h"

namespace tidemill::stream {

// A mount may hang: a look that takes too long is a batch without files of that folder, and no batch waits
// for it again until one has succeeded. What it has found in the end is the next batch's. One look into a
// folder at a time, on half of the threads of replicas (one at least): the others are left to the copies.
// Lives on the control lane.
class FolderLooks {
 public:
  // References outlive this object.
  FolderLooks(const rt::Env& env, const std::vector<FileInput>& inputs);

  // Looks into all folders; returns when they have answered, after a batch interval or 10 s at the latest.
  rt::Task<void> look(Duration batchInterval);
  // Every stream chooses its files for the batch of `time` of what was found, or none if its folder could not
  // be listed; where the user's filter failed, the batch does. What is chosen is read: the batch is made at
  // once.
  void choose(Time time);

 private:
  struct Folder {
    std::shared_ptr<FileChoices> choices;
    std::optional<Result<FolderLook>> found;
    // Batches were made without it since it was listed last.
    bool late = false;
    // Looks in a row that failed.
    unsigned failures = 0;
    std::unique_ptr<rt::TaskGroup> task;
  };
  rt::Task<void> lookInto(Folder& folder);
  void chooseOf(Folder& folder, Time time);
  void tellLate(Folder& folder);
  void tellFailed(Folder& folder, const Error& error);
  void tellListed(Folder& folder);

  const rt::Env& env_;
  // Threads of replicas that may look at the same time.
  rt::Semaphore threads_;
  std::vector<std::unique_ptr<Folder>> folders_;
};

}  // namespace tidemill::stream
