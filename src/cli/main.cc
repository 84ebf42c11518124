// cli/main.cc: the tidemill program.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace {

// A file that is opened while 0, 1 or 2 is free would get that number, and what is printed would land in it.
// The stand-ins refuse what the number is used for, so that it is noticed.
void holdStandardNumbers() {
  for (int number = 0; number <= 2; ++number) {
    if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    const int file = open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY);
    if (file >= 0 && file != number) close(file);
  }
}

// The exit code of a command that ended with `code`, once its results are known to be out.
int withOutput(int code) {
  const auto written = tidemill::cli::finishOutput();
  return code == 0 && !written ? tidemill::cli::printError(written.error()) : code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tidemill;
  holdStandardNumbers();
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "tidemill consumes Amazon Kinesis streams.\n"
      "Results go to standard output, progress and logs to standard error.\n"
      "Exit codes: 0 fine, 1 wrong result, 2 usage or configuration, 3 AWS refused or unreachable,\n"
      "4 data loss, 5 fenced or owned by another.");
  app.name("tidemill");
  app.require_subcommand(1);
  cli::Chosen chosen;
  cli::addDemoCommand(app, chosen);
  cli::addFakeCommand(app, chosen);
  cli::addConfCommand(app, chosen);
  cli::addCountCommand(app, chosen);
  cli::addFsckCommand(app, chosen);
  cli::addKill9Command(app, chosen);
  cli::addLeasesCommand(app, chosen);
  cli::addPutCommand(app, chosen);
  cli::addRecoverCommand(app, chosen);
  cli::addSimCommand(app, chosen, argc > 0 ? argv[0] : "tidemill");
  cli::addVersionCommand(app, chosen);
  const auto known = app.get_subcommands(
      [&](const CLI::App* command) { return argc > 1 && command->get_name() == argv[1]; });
  if (argc > 1 && argv[1][0] != '-' && known.empty()) {
    return cli::printError(Error(Code::kUsage, "there is no command " + base::quoteIfNeeded(argv[1]),
                                 "tidemill --help lists them"));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return withOutput(app.exit(help));
  } catch (const CLI::ParseError& error) {
    return cli::printError(Error(Code::kUsage, error.what(), "tidemill --help, or tidemill COMMAND --help"));
  }
  try {
    return withOutput(chosen());
  } catch (const Error& error) {
    return cli::printError(error);
  }
}
