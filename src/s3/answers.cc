#include "s3/answers.h"

#include <fmt/format.h>

#include <utility>

#include "s3/xml_reader.h"

namespace tidemill::s3 {
namespace {

// AWS gives 1000 at most, each with five members or so.
constexpr XmlLimits kListLimits{6, 50'000};
constexpr XmlLimits kRefusalLimits{4, 200};
constexpr std::size_t kKeyBytesMax = 1024;

tl::unexpected<Error> wrong(std::string_view problem) {
  return fail(Code::kMalformedResponse, fmt::format("the list of objects {}", problem));
}

Result<std::string> nameIn(const XmlElement& entry, std::string_view member) {
  const XmlElement* found = entry.find(member);
  if (found == nullptr || found->text.empty() || found->text.size() > kKeyBytesMax)
    return wrong(fmt::format("has an entry without a usable {}", member));
  return found->text;
}

}  // namespace

Result<ListPage> readListPage(std::string_view body) {
  auto root = parseXml(body, kListLimits);
  if (!root) return fail(root.error());
  if (root->name != "ListBucketResult") return wrong("is no ListBucketResult");
  ListPage page;
  for (const XmlElement& child : root->children) {
    const bool isKey = child.name == "Contents";
    if (!isKey && child.name != "CommonPrefixes") continue;
    auto name = nameIn(child, isKey ? "Key" : "Prefix");
    if (!name) return fail(name.error());
    (isKey ? page.keys : page.commonPrefixes).push_back(std::move(*name));
  }
  const std::string_view truncated = root->textOf("IsTruncated");
  if (truncated != "true" && truncated != "false") return wrong("does not say whether it is whole");
  if (truncated == "false") return page;
  page.nextToken = std::string(root->textOf("NextContinuationToken"));
  if (page.nextToken->empty()) return wrong("goes on, and does not say how");
  return page;
}

RefusalWords readRefusal(std::string_view body) {
  const auto root = parseXml(body, kRefusalLimits);
  if (!root || root->name != "Error") return {};
  return {std::string(root->textOf("Code")), std::string(root->textOf("Message")),
          std::string(root->textOf("Region")), std::string(root->textOf("Endpoint"))};
}

}  // namespace tidemill::s3
