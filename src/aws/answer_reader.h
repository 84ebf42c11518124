// aws/answer_reader.h: reads the members of an answer that is a JSON object.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rt/time.h"
#include "tidemill/result.h"

namespace tidemill::aws {

// kMalformedResponse: "the answer …".
Error badAnswer(std::string_view what);

// The whole of `body` as a JSON object, nested at most `depthMax` deep. kMalformedResponse.
Result<boost::json::object> readAnswerObject(std::string_view body, std::size_t depthMax);

// Collects the first problem, so that reading a structure stays linear: read every member, then look at
// problem(). Null members count as absent, unknown ones are skipped. The object must outlive the reader.
//
//   AnswerReader reader(*object);
//   std::string name = reader.text("StreamName");
//   if (reader.problem()) return fail(badAnswer(*reader.problem()));
class AnswerReader {
 public:
  explicit AnswerReader(const boost::json::object& object) : object_(object) {}

  // The member, or null if it is absent or null.
  const boost::json::value* find(std::string_view name) const;
  std::string text(std::string_view name);
  // Empty if it is missing.
  std::string textIfThere(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t absent);
  bool boolean(std::string_view name, bool absent);
  // Epoch seconds with a fraction; 1970 if it is missing.
  rt::WallTime time(std::string_view name);
  // An empty object, and a problem, if it is missing.
  const boost::json::object& object(std::string_view name);
  // An empty object if it is missing.
  const boost::json::object& objectIfThere(std::string_view name);
  // An empty array, and a problem, if it is missing.
  const boost::json::array& array(std::string_view name);
  // An empty array if it is missing.
  const boost::json::array& arrayIfThere(std::string_view name);

  // "has a member NAME that PROBLEM", unless there is a problem already.
  void note(std::string_view name, std::string_view problem);
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  std::string textOf(const boost::json::value& value, std::string_view name);

  const boost::json::object& object_;
  std::optional<std::string> problem_;
};

}  // namespace tidemill::aws
