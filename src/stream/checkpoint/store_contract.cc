#include "stream/checkpoint/store_contract.h"

#include <fmt/format.h>

#include <utility>

namespace tidemill::stream {
namespace {

using Names = std::vector<std::string>;

std::string said(const Result<void>& result) {
  return result ? "success" : std::string(codeName(result.error().code())) + ", " + result.error().message();
}

// Empty if the call failed with this code.
std::string unlessFailed(const std::string& what, const Result<void>& result, Code code) {
  if (!result && result.error().code() == code) return {};
  return fmt::format("{}: {} instead of {}", what, said(result), codeName(code));
}

std::string unlessGood(const std::string& what, const Result<void>& result) {
  return result ? std::string() : what + ": " + said(result);
}

rt::Task<std::string> unlessValue(CheckpointStore& store, std::string name, std::string expected) {
  auto value = co_await store.get(name);
  if (!value) co_return "get " + name + ": " + value.error().message();
  if (*value != expected) co_return fmt::format("get {} gives {} other bytes", name, value->size());
  co_return std::string();
}

rt::Task<std::string> unlessListed(CheckpointStore& store, std::string folder, Names expected) {
  auto names = co_await store.list(folder);
  if (!names) co_return "list of " + folder + ": " + names.error().message();
  if (*names == expected) co_return std::string();
  co_return fmt::format("the list of \"{}\" is [{}] instead of [{}]", folder, fmt::join(*names, " "),
                        fmt::join(expected, " "));
}

rt::Task<std::string> brokenPut(CheckpointStore& store) {
  const std::string all = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    return bytes;
  }();
  auto done = co_await store.putIfAbsent("log/00000000000000000002", all);
  auto broken = unlessGood("put", done);
  if (!broken.empty()) co_return std::move(broken);
  broken = co_await unlessValue(store, "log/00000000000000000002", all);
  if (!broken.empty()) co_return std::move(broken);

  done = co_await store.putIfAbsent("log/00000000000000000002", "another");
  broken = unlessFailed("a put of a name that is there", done, Code::kConflict);
  if (!broken.empty()) co_return std::move(broken);
  done = co_await store.putIfAbsent("log/00000000000000000002", all);
  broken = unlessFailed("a put of the same bytes", done, Code::kConflict);
  if (!broken.empty()) co_return std::move(broken);
  co_return co_await unlessValue(store, "log/00000000000000000002", all);
}

rt::Task<std::string> brokenList(CheckpointStore& store) {
  const Names names = {"log/00000000000000000010", "log/00000000000000000001", "state/a%20b.1-2.3", "top",
                       "logs"};
  for (const std::string& name : names) {
    auto done = co_await store.putIfAbsent(name, name);
    auto broken = unlessGood("put of " + name, done);
    if (!broken.empty()) co_return std::move(broken);
  }
  const Names log = {"00000000000000000001", "00000000000000000002", "00000000000000000010"};
  auto broken = co_await unlessListed(store, "log", log);
  if (!broken.empty()) co_return std::move(broken);
  const Names top = {"log", "logs", "state", "top"};
  broken = co_await unlessListed(store, "", top);
  if (!broken.empty()) co_return std::move(broken);
  const Names state = {"a%20b.1-2.3"};
  broken = co_await unlessListed(store, "state", state);
  if (!broken.empty()) co_return std::move(broken);
  const Names none;
  co_return co_await unlessListed(store, "missing", none);
}

rt::Task<std::string> brokenRemove(CheckpointStore& store) {
  auto done = co_await store.remove("log/00000000000000000001");
  auto broken = unlessGood("remove", done);
  if (!broken.empty()) co_return std::move(broken);
  done = co_await store.remove("log/00000000000000000001");
  broken = unlessGood("remove of a name that is gone", done);
  if (!broken.empty()) co_return std::move(broken);
  auto gone = co_await store.get("log/00000000000000000001");
  if (gone || gone.error().code() != Code::kNotFound) co_return std::string("a removed name is still there");
  done = co_await store.putIfAbsent("log/00000000000000000001", "");
  broken = unlessGood("a put of nothing under a name that was removed", done);
  if (!broken.empty()) co_return std::move(broken);
  co_return co_await unlessValue(store, "log/00000000000000000001", "");
}

}  // namespace

rt::Task<std::string> brokenContract(CheckpointStore& store) {
  auto opened = co_await store.open("the contract");
  auto broken = unlessGood("open", opened);
  if (!broken.empty()) co_return std::move(broken);
  const Names none;
  broken = co_await unlessListed(store, "", none);
  if (!broken.empty()) co_return std::move(broken);
  auto missing = co_await store.get("log/00000000000000000001");
  if (missing || missing.error().code() != Code::kNotFound) co_return std::string("get of a missing name");
  broken = co_await brokenPut(store);
  if (!broken.empty()) co_return std::move(broken);
  broken = co_await brokenList(store);
  if (!broken.empty()) co_return std::move(broken);
  co_return co_await brokenRemove(store);
}

}  // namespace tidemill::stream
