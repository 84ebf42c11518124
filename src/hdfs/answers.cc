#include "hdfs/answers.h"

#include <algorithm>
#include <utility>

#include "aws/answer_reader.h"

namespace tidemill::hdfs {
namespace {

constexpr std::size_t kDepthMax = 8;
constexpr std::size_t kNameMax = 1024;

bool isName(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

Result<FileEntry> readEntry(const boost::json::value& value) {
  if (!value.is_object()) return fail(aws::badAnswer("lists something that is no file"));
  aws::AnswerReader reader(value.get_object());
  FileEntry entry;
  entry.name = reader.text("pathSuffix");
  const std::string type = reader.text("type");
  entry.directory = type == "DIRECTORY";
  entry.length = reader.integer("length", 0);
  entry.modified = rt::WallTime(std::chrono::milliseconds(reader.integer("modificationTime", 0)));
  if (reader.problem()) return fail(aws::badAnswer(*reader.problem()));
  if (type != "FILE" && type != "DIRECTORY" && type != "SYMLINK")
    return fail(aws::badAnswer("lists a file of an unknown type"));
  if (!isName(entry.name)) return fail(aws::badAnswer("lists a file without a name"));
  return entry;
}

}  // namespace

Result<bool> readBoolean(std::string_view body) {
  auto object = aws::readAnswerObject(body, kDepthMax);
  if (!object) return fail(object.error());
  const boost::json::value* value = object->if_contains("boolean");
  if (value == nullptr || !value->is_bool()) return fail(aws::badAnswer("says neither true nor false"));
  return value->get_bool();
}

Result<std::string> readLocation(std::string_view body) {
  auto object = aws::readAnswerObject(body, kDepthMax);
  if (!object) return fail(object.error());
  aws::AnswerReader reader(*object);
  std::string location = reader.text("Location");
  if (reader.problem()) return fail(aws::badAnswer(*reader.problem()));
  return location;
}

Result<Listing> readListing(std::string_view body) {
  auto object = aws::readAnswerObject(body, kDepthMax);
  if (!object) return fail(object.error());
  aws::AnswerReader top(*object);
  aws::AnswerReader directory(top.object("DirectoryListing"));
  aws::AnswerReader partial(directory.object("partialListing"));
  aws::AnswerReader statuses(partial.object("FileStatuses"));
  const boost::json::array& files = statuses.array("FileStatus");
  Listing listing;
  listing.more = directory.integer("remainingEntries", 0) > 0;
  for (const aws::AnswerReader* reader : {&top, &directory, &partial, &statuses}) {
    if (reader->problem()) return fail(aws::badAnswer(*reader->problem()));
  }
  for (const boost::json::value& file : files) {
    auto entry = readEntry(file);
    if (!entry) return fail(entry.error());
    listing.entries.push_back(std::move(*entry));
  }
  if (listing.more && listing.entries.empty()) return fail(aws::badAnswer("goes on, and not from where"));
  return listing;
}

RemoteException readException(std::string_view body) {
  auto object = aws::readAnswerObject(body, kDepthMax);
  if (!object) return {};
  aws::AnswerReader top(*object);
  aws::AnswerReader exception(top.objectIfThere("RemoteException"));
  return {exception.textIfThere("exception"), exception.textIfThere("message")};
}

}  // namespace tidemill::hdfs
