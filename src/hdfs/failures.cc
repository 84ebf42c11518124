#include "hdfs/failures.h"

#include <algorithm>
#include <array>

namespace tidemill::hdfs {
namespace {

struct Known {
  std::string_view name;
  ExceptionMeaning meaning;
};

constexpr std::string_view kQuota = "raise the folder's quota, or delete what nobody needs below it";
constexpr std::string_view kOwner =
    "give the user of tidemill.hdfs.user (or HADOOP_USER_NAME) the folder, or name another user";
constexpr std::string_view kNotHdfs =
    "check that the url has the namenode's port of HTTP (9870, not 8020), and that WebHDFS is enabled there";

constexpr std::array kKnown = std::to_array<Known>({
    {"StandbyException", {Code::kUnreachable, Trouble::kStandby, "name every namenode in the url"}},
    {"ObserverRetryOnActiveException",
     {Code::kUnreachable, Trouble::kStandby, "name every namenode in the url"}},
    {"SafeModeException", {Code::kServiceError, Trouble::kSafeMode, {}}},
    {"RetriableException", {Code::kServiceError, Trouble::kTransient, {}}},
    {"ServerTooBusyException", {Code::kThrottled, Trouble::kTransient, {}}},
    {"AccessControlException", {Code::kAccessDenied, Trouble::kPermanent, kOwner}},
    {"AuthorizationException", {Code::kAccessDenied, Trouble::kPermanent, kOwner}},
    {"SecurityException",
     {Code::kAccessDenied, Trouble::kPermanent,
      "this program knows HDFS without Kerberos only: the name of a user, and no ticket"}},
    {"AuthenticationException",
     {Code::kAccessDenied, Trouble::kPermanent,
      "this program knows HDFS without Kerberos only: the name of a user, and no ticket"}},
    {"DSQuotaExceededException", {Code::kDiskFull, Trouble::kPermanent, kQuota}},
    {"NSQuotaExceededException", {Code::kDiskFull, Trouble::kPermanent, kQuota}},
    {"QuotaByStorageTypeExceededException", {Code::kDiskFull, Trouble::kPermanent, kQuota}},
    {"FileNotFoundException", {Code::kIo, Trouble::kPermanent, {}}},
    {"FileAlreadyExistsException", {Code::kIo, Trouble::kPermanent, {}}},
    {"ParentNotDirectoryException",
     {Code::kIo, Trouble::kPermanent, "a file lies where a folder is needed: name another path"}},
    {"IllegalArgumentException", {Code::kInvalidArgument, Trouble::kPermanent, {}}},
    {"UnsupportedOperationException", {Code::kUnknownOperation, Trouble::kPermanent, {}}},
    // Whatever else a node meets: datanodes that do not answer it, no room on any of them.
    {"IOException",
     {Code::kServiceError, Trouble::kTransient,
      "look into the log of the node that answered, and at its disks"}},
});

}  // namespace

ExceptionMeaning meaningOf(std::string_view name, std::string_view message, int status) {
  // At a start it is wrapped into a RetriableException.
  if (message.find("in safe mode") != std::string_view::npos)
    return {Code::kServiceError, Trouble::kSafeMode, {}};
  const auto known =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) { return one.name == name; });
  if (known != kKnown.end()) return known->meaning;
  if (status == 401) {
    return {Code::kAccessDenied, Trouble::kPermanent,
            "this program knows HDFS without Kerberos only: the name of a user, and no ticket"};
  }
  if (status == 403 && name.empty()) return {Code::kAccessDenied, Trouble::kPermanent, kOwner};
  if (status >= 500 || !name.empty()) {
    // Names of exceptions are many; what came with a 5xx may pass.
    return {Code::kServiceError, status >= 500 ? Trouble::kTransient : Trouble::kPermanent, {}};
  }
  return {Code::kMalformedResponse, status == 404 ? Trouble::kStarting : Trouble::kPermanent, kNotHdfs};
}

}  // namespace tidemill::hdfs
