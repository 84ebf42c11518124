#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/text.h"
#include "cli/lease_file.h"
#include "cli/leases.h"
#include "cli/line_reader.h"
#include "lease/settled_write.h"

namespace tidemill::cli {
namespace {

// A row of DynamoDB has 400 KB at most, and JSON may take several times the bytes.
constexpr std::size_t kLineBytesMax = 4u << 20;
constexpr std::size_t kRowsMax = 200'000;  // As many as a scan gives.
constexpr std::size_t kKeysNamed = 5;

// A file that closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ > STDERR_FILENO) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

Error ioError(const std::string& file, const std::string& hint) {
  return Error(errno == ENOSPC ? Code::kDiskFull : Code::kIo,
               fmt::format("{}: {}", base::quoteIfNeeded(file), std::strerror(errno)), hint);
}

// A new file with these lines, on the disk when this returns. One that exists is left alone.
Result<void> writeFile(const std::string& path, const std::vector<std::string>& lines) {
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.descriptor() < 0)
    return fail(ioError(path, "name a file that does not exist, in a folder that does"));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  for (std::size_t done = 0; done < text.size();) {  // Until all is written.
    const ssize_t written = write(file.descriptor(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return fail(ioError(path, "the file is not complete: make room, remove it, and try again"));
    done += static_cast<std::size_t>(written);
  }
  if (fsync(file.descriptor()) == 0 || errno == EINVAL) return {};
  return fail(ioError(path, "the file may not be complete: make room, remove it, and try again"));
}

struct Export {
  std::vector<std::string> lines;
  std::size_t leases = 0;
};

Result<Export> exportOf(const LeasesFlags& flags, http::ProductionEnv& production, base::Random& random) {
  auto table = openLeaseTable(production, flags.table, MissingTable::kRefuse);
  if (!table) return fail(table.error());
  const lease::SettleContext context{production.env().loop, *table->store, random};
  auto listing = production.block(lease::listSettled(context));
  if (!listing) return fail(listing.error());
  for (const lease::UnreadableRow& row : listing->unreadable) {
    printWarning("ForeignTable",
                 fmt::format("row {} is not exported: {}", base::quoteIfNeeded(row.leaseKey), row.reason));
  }
  Export result;
  result.leases = listing->leases.size();
  result.lines.push_back(
      writeHead({flags.table.application, table->stream, static_cast<std::int64_t>(listing->leases.size())}));
  for (const lease::Lease& lease : listing->leases) {
    auto line = writeRow(lease);
    if (!line) return fail(line.error());
    result.lines.push_back(std::move(*line));
  }
  return result;
}

struct LeaseFile {
  LeaseFileHead head;
  std::vector<lease::Lease> rows;
};

Result<std::vector<std::string>> linesOf(int descriptor) {
  LineReader reader(descriptor, {.lineBytesMax = kLineBytesMax});
  std::vector<std::string> lines;
  for (;;) {  // Bounded by kRowsMax.
    auto portion = reader.next();
    if (!portion) return fail(portion.error());
    if (portion->empty()) return lines;
    std::move(portion->begin(), portion->end(), std::back_inserter(lines));
    if (lines.size() > kRowsMax + 1) {
      return fail(Code::kLimitExceeded, fmt::format("more than {} rows", kRowsMax), "import it in parts");
    }
  }
}

Result<LeaseFile> readLines(const std::vector<std::string>& lines) {
  if (lines.empty()) return fail(Code::kInvalidConfig, "it is empty", "give the file of an export");
  auto head = readHead(lines.front());
  if (!head) return fail(head.error().within("line 1"));
  LeaseFile file{std::move(*head), {}};
  std::set<std::string> keys;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto row = readRow(lines[i]);
    if (!row) return fail(row.error().within(fmt::format("line {}", i + 1)));
    if (!keys.insert(row->leaseKey).second) {
      return fail(Code::kInvalidConfig,
                  fmt::format("line {}: lease {} is there twice", i + 1, base::quoteIfNeeded(row->leaseKey)),
                  "leave one of them out");
    }
    file.rows.push_back(std::move(*row));
  }
  if (static_cast<std::int64_t>(file.rows.size()) == file.head.leases) return file;
  return fail(Code::kInvalidConfig,
              fmt::format("it has {} rows, and its first line says {}", file.rows.size(), file.head.leases),
              "the file was cut short or edited: export again");
}

Result<LeaseFile> readFile(const std::string& path) {
  const bool standard = path == "-";
  const File file(standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0)
    return fail(ioError(path, "name the file of an export, or - for standard input"));
  auto lines = linesOf(file.descriptor());
  if (!lines) return fail(lines.error().within(standard ? "standard input" : base::quoteIfNeeded(path)));
  auto read = readLines(*lines);
  if (!read) return fail(read.error().within(standard ? "standard input" : base::quoteIfNeeded(path)));
  return read;
}

// The first few keys.
std::string named(const std::vector<std::string>& keys) {
  std::string text;
  for (std::size_t i = 0; i < keys.size() && i < kKeysNamed; ++i)
    text += (i > 0 ? ", " : "") + base::quoteIfNeeded(keys[i]);
  return keys.size() > kKeysNamed ? text + ", …" : text;
}

// Rows come back whole or not at all.
Result<void> checkFits(const LeaseTableFlags& flags, const std::vector<lease::Lease>& rows) {
  if (flags.where.dynamodb()) return {};
  for (const lease::Lease& row : rows) {
    const auto names = beyondSqlite(row);
    if (names.empty()) continue;
    return fail(Code::kInvalidConfig,
                fmt::format("lease {} has attributes that SQLite's table has no place for: {}",
                            base::quoteIfNeeded(row.leaseKey), named(names)),
                "import it with --leases dynamodb, or take these attributes out of the file");
  }
  return {};
}

struct Imported {
  std::size_t created = 0;
  std::size_t equal = 0;
};

// Makes the rows one by one; one that has come meanwhile is left as it is.
Result<void> createRows(const lease::SettleContext& context, http::ProductionEnv& production,
                        const std::vector<lease::Lease>& rows, Imported& imported) {
  for (const lease::Lease& row : rows) {
    auto made = production.block(lease::createSettled(context, row));
    if (made) {
      auto there = production.block(lease::getSettled(context, row.leaseKey));
      if (!there) return fail(there.error());
      if (*there != row) {
        return fail(Code::kConflict,
                    fmt::format("lease {} was made by another meanwhile", base::quoteIfNeeded(row.leaseKey)),
                    "stop the workers of the application, and compare with an export of the table");
      }
    }
    if (!made) return made;
    ++imported.created;
  }
  return {};
}

Result<void> importInto(const LeasesFlags& asked, http::ProductionEnv& production, base::Random& random,
                        const std::string& path, Imported& imported) {
  auto file = readFile(path);
  if (!file) return fail(file.error());
  LeasesFlags flags = asked;
  if (flags.table.stream.empty()) flags.table.stream = file->head.stream;
  if (!file->head.stream.empty() && flags.table.stream != file->head.stream) {
    return fail(Code::kForeignTable,
                fmt::format("the export is of stream {}, not of {}", base::quoteIfNeeded(file->head.stream),
                            base::quoteIfNeeded(flags.table.stream)),
                "sequence numbers of one stream mean nothing in another; check --stream");
  }
  auto fits = checkFits(flags.table, file->rows);
  if (!fits) return fits;
  auto table = openLeaseTable(production, flags.table, MissingTable::kMake);
  if (!table) return fail(table.error());
  const lease::SettleContext context{production.env().loop, *table->store, random};
  auto listing = production.block(lease::listSettled(context));
  if (!listing) return fail(listing.error());
  const ImportPlan plan = importPlan(file->rows, listing->leases);
  if (!plan.different.empty()) {
    return fail(Code::kConflict,
                fmt::format("{} of {} leases are there already and differ: {}; nothing was written",
                            plan.different.size(), file->rows.size(), named(plan.different)),
                "an import never overwrites: choose another application, or leave these rows out");
  }
  imported.equal = plan.equal.size();
  auto created = createRows(context, production, plan.create, imported);
  production.env().log.warning("leases_imported", {{"application", flags.table.application},
                                                   {"created", imported.created},
                                                   {"equal", imported.equal},
                                                   {"by", "operator"}});
  return created;
}

}  // namespace

int exportLeases(const LeasesFlags& flags, const std::string& file) {
  base::StderrLog log;
  http::ProductionEnv production(log, productionOptions());
  base::Random random(base::randomSeed());
  auto exported = exportOf(flags, production, random);
  if (!exported) return printError(exported.error());
  if (file.empty()) {
    for (const std::string& line : exported->lines) Output(true).document({}, line);
    return 0;
  }
  auto written = writeFile(file, exported->lines);
  if (!written) return printError(written.error());
  Output(flags.json).report({{"leases", static_cast<std::int64_t>(exported->leases)}, {"file", file}});
  return 0;
}

int importLeases(const LeasesFlags& flags, const std::string& file) {
  base::StderrLog log;
  http::ProductionEnv production(log, productionOptions());
  base::Random random(base::randomSeed());
  Imported imported;
  auto done = importInto(flags, production, random, file, imported);
  if (!done) return printError(done.error());
  Output(flags.json)
      .report({{"created", static_cast<std::int64_t>(imported.created)},
               {"equal", static_cast<std::int64_t>(imported.equal)}});
  return 0;
}

}  // namespace tidemill::cli
