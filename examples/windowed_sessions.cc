// examples/windowed_sessions.cc: pages of the last ten seconds, and sessions of users that end when they
// have been idle for a while. A record is `user page`.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include "tidemill/codec.h"
#include "tidemill/kinesis_input_dstream.h"
#include "tidemill/streaming_context.h"

using namespace tidemill;

struct Click {
  std::string user;
  std::string page;
  Time at;
};

struct Session {
  Time first;
  Time last;
  std::int64_t clicks = 0;
};

// Sessions are state: they are written to the checkpoint directory, and read again by the next process.
template <>
struct tidemill::Codec<Session> {
  static constexpr std::string_view kName = "example.Session";
  static constexpr std::uint32_t kVersion = 1;
  static void encode(const Session& session, Encoder& out) {
    const std::int64_t first = session.first.time_since_epoch().count();
    const std::int64_t last = session.last.time_since_epoch().count();
    out.put(first, last, session.clicks);
  }
  static Session decode(Decoder& in, std::uint32_t /*version*/) {
    Session session;
    session.first = Time(Duration(in.take<std::int64_t>()));
    session.last = Time(Duration(in.take<std::int64_t>()));
    session.clicks = in.take<std::int64_t>();
    return session;
  }
};

Click parseClick(const Record& record) {
  Click click;
  click.at = record.approximateArrivalTimestamp;  // When it happened, not when it is read.
  std::istringstream line{std::string(record.text())};
  line >> click.user >> click.page;
  return click;
}

// Called for each click, and without one when the session times out: then it gives what is to be told.
std::optional<std::string> follow(Time, const std::string& user, std::optional<Time> click,
                                  State<Session>& state) {
  if (click) {
    Session session = state.getOption().value_or(Session{*click, *click, 0});
    session.last = std::max(session.last, *click);  // Shards are not in order among each other.
    ++session.clicks;
    state.update(session);
    return std::nullopt;
  }
  const Session& session = state.get();
  std::ostringstream text;
  text << user << ": " << session.clicks << " clicks in " << (session.last - session.first).count() << " ms";
  return text.str();
}

void defineProgram(StreamingContext& context, Duration idle) {
  const auto clicks = KinesisInputDStream::builder()
                          .streamingContext(context)
                          .streamName("clicks")
                          .checkpointAppName("sessions")
                          .regionName("eu-central-1")
                          .initialPosition(KinesisInitialPosition::TrimHorizon())
                          .buildWithMessageHandler(parseClick);

  // Each window is made of the one before: std::minus takes away what has left it, and pages that are down to
  // nothing are forgotten.
  clicks.map([](const Click& click) { return std::pair(click.page, 1); })
      .reduceByKeyAndWindow(std::plus<int>(), std::minus<int>(), Seconds(10), Seconds(5), 1,
                            [](const std::pair<std::string, int>& page) { return page.second > 0; })
      .foreachRDD([](const RDD<std::pair<std::string, int>>& pages) {
        for (const auto& [page, count] : pages.collect()) {
          std::cout << "page " << page << ": " << count << std::endl;
        }
      });

  // The name finds the sessions again when the program has changed.
  clicks.map([](const Click& click) { return std::pair(click.user, click.at); })
      .mapWithState(StateSpec::function<std::string, Time, Session>(follow).timeout(idle))
      .uid("sessions")
      .foreachRDD([](const RDD<std::string>& ended) {
        for (const std::string& session : ended.collect()) std::cout << "session " << session << std::endl;
      });
}

int main(int argc, char** argv) {
  const Duration idle = argc > 1 ? Seconds(std::atoi(argv[1])) : Minutes(30);
  Conf conf;
  conf.set("spark.streaming.stopGracefullyOnShutdown", "true");
  auto context = StreamingContext::getOrCreate("file:sessions-checkpoints", [&] {
    auto made = std::make_unique<StreamingContext>(conf, Seconds(1));
    defineProgram(*made, idle);
    return made;
  });
  context->start();
  if (auto end = context->awaitTermination(); !end) {
    std::cerr << end.error().message() << "\ntry: " << end.error().hint() << '\n';
    return exitCode(end.error().code());
  }
}
