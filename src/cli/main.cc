// cli/main.cc: the tidemill program.

#include <CLI/CLI.hpp>
#include <csignal>

#include "cli/commands.h"
#include "cli/output.h"

int main(int argc, char** argv) {
  using namespace tidemill;
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
  cli::addCountCommand(app, chosen);
  cli::addPutCommand(app, chosen);
  cli::addSimCommand(app, chosen);
  cli::addVersionCommand(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return cli::printError(Error(Code::kUsage, error.what(), "tidemill --help, or tidemill COMMAND --help"));
  }
  try {
    return chosen();
  } catch (const Error& error) {
    return cli::printError(error);
  }
}
