#include "sim/crash_states.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tidemill::sim {
namespace {

using ChangeKind = FileChange::Kind;

// Of so many pending changes of names all combinations are tried.
constexpr std::size_t kFreeChangesMax = 4;

// `bytes` up to `kept`, and the same size with zeros from there on.
void addTear(const std::string& bytes, std::size_t kept, std::vector<std::string>& to) {
  to.push_back(bytes.substr(0, kept));
  if (kept == bytes.size()) return;
  std::string zeroed = bytes;
  std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(kept), zeroed.end(), '\0');
  to.push_back(std::move(zeroed));
}

}  // namespace

bool CrashStates::step() {
  if (position_ == changes_.size()) return false;
  const FileChange& next = changes_[position_++];
  touched_ = 0;
  switch (next.kind) {
    case ChangeKind::kCreate:
      contents_[next.file] = {};
      change({{}, next.path, next.file});
      break;
    case ChangeKind::kAppend:
      contents_[next.file].bytes += next.bytes;
      touched_ = next.file;
      touchedBytes_ = next.bytes.size();
      break;
    case ChangeKind::kSync:
      contents_[next.file].synced = contents_[next.file].bytes.size();
      contents_[next.file].uncut.clear();
      break;
    case ChangeKind::kTruncate: {
      Content& content = contents_[next.file];
      if (content.uncut.empty()) content.uncut = content.bytes;
      content.bytes.resize(std::min<std::size_t>(next.size, content.bytes.size()));
      content.synced = std::min(content.synced, content.bytes.size());
      break;
    }
    case ChangeKind::kRename:
      change({next.path, next.to, next.file});
      break;
    case ChangeKind::kRemove:
      change({next.path, {}, 0});
      break;
    case ChangeKind::kSyncDirectory:
      for (const NameChange& pending : std::exchange(pending_, {})) apply(pending, durable_);
      break;
  }
  return true;
}

void CrashStates::change(NameChange change) {
  pending_.push_back(std::move(change));
}

void CrashStates::apply(const NameChange& change, Names& names) {
  if (!change.gone.empty()) names.erase(change.gone);
  if (!change.name.empty()) names[change.name] = change.file;
}

std::vector<CrashStates::Names> CrashStates::possibleNames() const {
  std::set<Names> possible;
  if (pending_.size() > kFreeChangesMax) {
    Names names = durable_;
    possible.insert(names);
    for (const NameChange& pending : pending_) {
      apply(pending, names);
      possible.insert(names);
    }
  } else {
    for (unsigned chosen = 0; chosen < 1u << pending_.size(); ++chosen) {
      Names names = durable_;
      for (std::size_t i = 0; i < pending_.size(); ++i)
        if ((chosen >> i & 1u) != 0) apply(pending_[i], names);
      possible.insert(std::move(names));
    }
  }
  return {possible.begin(), possible.end()};
}

std::vector<std::string> CrashStates::possibleContents(int file, std::size_t stride) const {
  const Content& content = contents_.at(file);
  const std::string& bytes = content.bytes;
  std::vector<std::string> possible{bytes};
  if (!content.uncut.empty()) possible.push_back(content.uncut);
  if (content.synced == bytes.size()) return possible;
  addTear(bytes, content.synced, possible);
  if (file == touched_) {
    const std::size_t from = std::max(content.synced, bytes.size() - touchedBytes_);
    // Another first byte each time, so that all come up in a long script.
    for (std::size_t kept = from + position_ % stride; kept < bytes.size(); kept += stride)
      addTear(bytes, kept, possible);
  } else {
    addTear(bytes, content.synced + (bytes.size() - content.synced) / 2, possible);
  }
  return possible;
}

void CrashStates::forEach(std::size_t stride, const std::function<void(const CrashState&)>& visit) const {
  std::map<int, std::vector<std::string>> contents;
  for (const auto& [file, content] : contents_) contents[file] = possibleContents(file, stride);
  for (const Names& names : possibleNames()) {
    // All combinations of the contents of the files that have names, by counting with a digit for each.
    std::vector<std::pair<std::string, const std::vector<std::string>*>> files;
    for (const auto& [name, file] : names) files.emplace_back(name, &contents.at(file));
    std::vector<std::size_t> digits(files.size(), 0);
    for (;;) {  // Bounded by the product of the numbers of contents.
      CrashState state;
      for (std::size_t i = 0; i < files.size(); ++i) state[files[i].first] = (*files[i].second)[digits[i]];
      visit(state);
      std::size_t i = 0;
      while (i < files.size() && ++digits[i] == files[i].second->size()) digits[i++] = 0;
      if (i == files.size()) break;
    }
  }
}

}  // namespace tidemill::sim
