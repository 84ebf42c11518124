#include "hdfs/web_hdfs_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "aws/scripted_transport.h"
#include "fake/fake_web_hdfs.h"
#include "fake/service_transport.h"
#include "sim/sim_loop.h"

namespace tidemill::hdfs {
namespace {

using namespace std::chrono_literals;
using fake::ServiceTransport;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Fate = ServiceTransport::Fate;

bool asks(const http::Request& request, std::string_view operation) {
  return request.url.find(std::string("op=") + std::string(operation)) != std::string::npos;
}

http::Response notHdfs() {
  http::Response response;
  response.status = 404;
  response.body = codec::Body::copyOf("<html>nothing</html>");
  return response;
}

class WebHdfsClientTest : public testing::Test {
 protected:
  WebHdfsClientTest() {
    options_.nameNodes = {"http://nna:9870"};
    options_.user = "ada";
  }
  fake::FakeWebHdfs& hdfs() {
    if (!hdfs_) hdfs_.emplace(fakeOptions_);
    return *hdfs_;
  }
  WebHdfsClient& client() {
    if (!client_) client_.emplace(loop_, transport_, random_, log_, options_);
    return *client_;
  }
  Result<PutOutcome> put(const std::string& path, const std::string& bytes) {
    return loop_.run(client().putIfAbsent(path, bytes));
  }
  Result<std::optional<std::string>> read(const std::string& path, std::size_t most = 1000) {
    return loop_.run(client().read(path, most));
  }
  std::vector<std::string> names(const std::string& path) {
    const auto entries = loop_.run(client().list(path, 100));
    EXPECT_TRUE(entries);
    std::vector<std::string> all;
    if (entries)
      for (const FileEntry& entry : *entries) all.push_back(entry.name);
    return all;
  }
  // What befalls the first requests of an operation, one after the other.
  void befall(const std::string& operation, std::vector<Fate> fates) {
    transport_.fateOf = [operation, fates, next = std::size_t{0}](const http::Request& request) mutable {
      return asks(request, operation) && next < fates.size() ? fates[next++] : Fate::kAnswered;
    };
  }

  fake::FakeWebHdfsOptions fakeOptions_;
  std::optional<fake::FakeWebHdfs> hdfs_;
  sim::SimLoop loop_{1};
  // A transport sends a request again by itself when a connection that it has kept breaks.
  bool datanodeGetsItTwice_ = false;
  ServiceTransport transport_{loop_, [this](const http::Request& request, rt::WallTime now) {
                                const bool data = request.url.find("namenoderpcaddress") != std::string::npos;
                                if (data && std::exchange(datanodeGetsItTwice_, false))
                                  hdfs().handle(request, now);
                                return hdfs().handle(request, now);
                              }};
  base::Random random_{1};
  aws::CapturedLog log_;
  WebHdfsOptions options_;
  std::optional<WebHdfsClient> client_;
};

TEST_F(WebHdfsClientTest, WritesOnceAndReadsBack) {
  const std::string bytes("\0 any \xff bytes", 13);

  EXPECT_EQ(put("/a/b c%", bytes), PutOutcome::kWritten);
  EXPECT_EQ(put("/a/b c%", "other"), PutOutcome::kExists);
  EXPECT_EQ(put("/a/empty", ""), PutOutcome::kWritten);

  EXPECT_EQ(**read("/a/b c%"), bytes);
  EXPECT_EQ(**read("/a/empty"), "");
  EXPECT_FALSE(*read("/a/missing"));
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/b c%", "/a/empty"));  // Nothing is left aside.
}

TEST_F(WebHdfsClientTest, DoesTheSameWhereNodesRedirectOrAnswerThemselves) {
  fakeOptions_.noRedirect = false;
  fakeOptions_.plainRenames = true;
  EXPECT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
  EXPECT_EQ(put("/a/b", "2"), PutOutcome::kExists);
  EXPECT_EQ(**read("/a/b"), "1");
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/b"));

  fakeOptions_.readsDirectly = true;
  hdfs_.emplace(fakeOptions_);
  EXPECT_EQ(put("/a/b", "3"), PutOutcome::kWritten);
  EXPECT_EQ(**read("/a/b"), "3");
  const auto large = read("/a/b", 0);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), Code::kResponseTooLarge);
}

TEST_F(WebHdfsClientTest, ARenameWhoseAnswerWasLostCountsAsWon) {
  for (const bool plain : {false, true}) {
    fakeOptions_.plainRenames = plain;
    hdfs_.emplace(fakeOptions_);
    befall("RENAME", {Fate::kAnswerLost});
    EXPECT_EQ(put("/a/b", "mine"), PutOutcome::kWritten) << plain;
    befall("RENAME", {Fate::kRequestLost, Fate::kReset});
    EXPECT_EQ(put("/a/c", "mine"), PutOutcome::kWritten) << plain;
    EXPECT_THAT(hdfs().files(), ElementsAre("/a/b", "/a/c"));
  }
}

TEST_F(WebHdfsClientTest, AfterALostRenameTheSameBytesOfAnotherWriterAreNotOurs) {
  transport_.fateOf = [&, first = true](const http::Request& request) mutable {
    if (!asks(request, "RENAME") || !std::exchange(first, false)) return Fate::kAnswered;
    hdfs().write("/a/b", "same");
    return Fate::kRequestLost;
  };
  EXPECT_EQ(put("/a/b", "same"), PutOutcome::kExists);
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/b"));
}

TEST_F(WebHdfsClientTest, APutWithoutAKnownEndIsSettledByTheNextOneOfTheSameBytes) {
  for (const Fate fate : {Fate::kAnswerLost, Fate::kRequestLost}) {
    hdfs_.emplace(fakeOptions_);
    befall("RENAME", std::vector<Fate>(100, fate));
    ASSERT_FALSE(put("/a/b", "mine"));
    transport_.fateOf = nullptr;

    EXPECT_EQ(put("/a/b", "mine"), PutOutcome::kWritten);
    EXPECT_EQ(put("/a/b", "mine"), PutOutcome::kExists);
    EXPECT_THAT(hdfs().files(), ElementsAre("/a/b"));
  }
}

TEST_F(WebHdfsClientTest, ADatanodeThatFailsIsTriedAgainUnderAnotherName) {
  befall("CREATE", {Fate::kAnswered, Fate::kAnswerLost, Fate::kAnswered, Fate::kUnreachable});
  EXPECT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/b"));

  befall("OPEN", {Fate::kAnswered, Fate::kReset, Fate::kAnswered, Fate::kBadGateway});
  EXPECT_EQ(**read("/a/b"), "1");
}

TEST_F(WebHdfsClientTest, AWriteThatTheTransportSentTwiceIsMadeUnderAnotherName) {
  datanodeGetsItTwice_ = true;

  EXPECT_EQ(put("/a/1", "one"), PutOutcome::kWritten);
  EXPECT_EQ(*read("/a/1"), "one");
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/1"));
}

TEST_F(WebHdfsClientTest, SaysWhatToDoAboutDatanodesThatCannotBeReached) {
  transport_.fateOf = [](const http::Request& request) {
    return request.url.starts_with("http://dna") ? Fate::kUnreachable : Fate::kAnswered;
  };
  const auto failed = put("/a/b", "1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kUnreachable);
  EXPECT_THAT(failed.error().hint(), HasSubstr("tidemill.hdfs.hosts"));
}

TEST_F(WebHdfsClientTest, GoesToTheMappedAddressOfADatanode) {
  fakeOptions_.dataNode = "dna:9864";
  options_.hosts = {{"dna:9864", "127.0.0.1:19864"}};
  std::vector<std::string> hosts;
  transport_.fateOf = [&](const http::Request& request) {
    if (request.url.find("namenoderpcaddress") != std::string::npos)
      hosts.push_back(request.url.substr(0, 23));
    return Fate::kAnswered;
  };
  EXPECT_FALSE(put("/a/b", "1"));  // The fake has no node of that address.
  ASSERT_FALSE(hosts.empty());
  EXPECT_EQ(hosts.front(), "http://127.0.0.1:19864/");
}

TEST_F(WebHdfsClientTest, WaitsForTheEndOfSafeMode) {
  hdfs().setSafeMode(true);
  transport_.fateOf = [&, tries = 0](const http::Request&) mutable {
    if (++tries == 5) hdfs().setSafeMode(false);
    return Fate::kAnswered;
  };
  EXPECT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
  EXPECT_THAT(log_.events, testing::Contains("hdfs_safe_mode"));
}

TEST_F(WebHdfsClientTest, GivesUpOnALastingSafeModeWithAClearWord) {
  hdfs().setSafeMode(true);
  const rt::TimePoint start = loop_.now();
  const auto failed = put("/a/b", "1");

  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().retryable());
  EXPECT_THAT(failed.error().message(), HasSubstr("still in safe mode after"));
  EXPECT_THAT(failed.error().hint(), HasSubstr("tidemill.hdfs.safeModeWait"));
  EXPECT_LE(loop_.now() - start, 61s);
  EXPECT_GE(loop_.now() - start, 50s);
  EXPECT_EQ(std::count(log_.events.begin(), log_.events.end(), "hdfs_safe_mode"), 1);
}

TEST_F(WebHdfsClientTest, FindsTheActiveNamenodeAndStaysWithIt) {
  fakeOptions_.nameNodes = {"nna:9870", "nnb:9870"};
  options_.nameNodes = {"http://nna:9870", "http://nnb:9870"};
  hdfs().setActive(1);
  EXPECT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
  const auto before = transport_.requests.size();
  EXPECT_EQ(put("/a/c", "1"), PutOutcome::kWritten);
  EXPECT_EQ(transport_.requests.size() - before, 3u);  // Create, its content, rename.

  hdfs().setActive(0);
  EXPECT_EQ(**read("/a/b"), "1");
  transport_.fateOf = [](const http::Request& request) {
    return request.url.starts_with("http://nna") ? Fate::kUnreachable : Fate::kAnswered;
  };
  hdfs().setActive(1);
  EXPECT_EQ(**read("/a/c"), "1");
}

TEST_F(WebHdfsClientTest, RidesOutAFailoverAndGivesUpWithoutAnActiveNamenode) {
  fakeOptions_.nameNodes = {"nna:9870", "nnb:9870"};
  options_.nameNodes = {"http://nna:9870", "http://nnb:9870"};
  hdfs().setActive(std::nullopt);
  const auto failed = put("/a/b", "1");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("StandbyException"));

  transport_.fateOf = [&, tries = 0](const http::Request&) mutable {
    if (++tries == 7) hdfs().setActive(1);
    return Fate::kAnswered;
  };
  EXPECT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
}

TEST_F(WebHdfsClientTest, ListsInPartsAndKnowsFolders) {
  fakeOptions_.listMax = 2;
  for (const char* path : {"/a/1", "/a/2", "/a/3", "/a/d/x", "/b"}) hdfs().write(path, "x");
  EXPECT_THAT(names("/a"), ElementsAre("1", "2", "3", "d"));
  EXPECT_THAT(names("/missing"), IsEmpty());
  const auto many = loop_.run(client().list("/a", 3));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), Code::kLimitExceeded);
}

TEST_F(WebHdfsClientTest, RemovesAlsoWhatIsNotThere) {
  hdfs().write("/a/1", "x");
  EXPECT_TRUE(loop_.run(client().remove("/a/1")));
  EXPECT_TRUE(loop_.run(client().remove("/a/1")));
  EXPECT_THAT(hdfs().files(), IsEmpty());
}

TEST_F(WebHdfsClientTest, RemovesWhatWasLeftAsideLongAgo) {
  const rt::WallTime now = loop_.wall();
  hdfs().write("/a/.1.uuid.tmp", "x", now - 2h);
  hdfs().write("/a/.2.uuid.tmp", "x", now - 30min);
  hdfs().write("/a/3.tmp", "x", now - 2h);
  EXPECT_TRUE(loop_.run(client().removeLeftovers("/a")));
  EXPECT_TRUE(loop_.run(client().removeLeftovers("/missing")));
  EXPECT_THAT(hdfs().files(), ElementsAre("/a/.2.uuid.tmp", "/a/3.tmp"));
}

TEST_F(WebHdfsClientTest, NamesWhoIsDeniedAndWhatIsNoHdfs) {
  hdfs().deny("/a");
  const auto denied = put("/a/b", "1");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code(), Code::kAccessDenied);
  EXPECT_THAT(denied.error().message(), HasSubstr("user=ada"));

  ServiceTransport other(loop_, [](const http::Request&, rt::WallTime) { return notHdfs(); });
  WebHdfsClient strange(loop_, other, random_, log_, options_);
  const auto refused = loop_.run(strange.makeDirectories("/a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kMalformedResponse);
  EXPECT_THAT(refused.error().hint(), HasSubstr("9870"));
}

// As Hadoop does between opening its port and mounting the interface.
TEST_F(WebHdfsClientTest, WaitsForANamenodeThatStartsAnew) {
  ASSERT_EQ(put("/a/b", "1"), PutOutcome::kWritten);
  ServiceTransport starting(loop_, [this, calls = 0](const http::Request& request, rt::WallTime now) mutable {
    return ++calls > 2 && calls < 12 ? notHdfs() : hdfs().handle(request, now);
  });
  WebHdfsClient client(loop_, starting, random_, log_, options_);
  EXPECT_EQ(loop_.run(client.putIfAbsent("/a/c", "1")), PutOutcome::kWritten);
  EXPECT_EQ(starting.requests.size(), 12u);
}

TEST_F(WebHdfsClientTest, MakesFoldersAndTellsOfAFileInTheWay) {
  EXPECT_TRUE(loop_.run(client().makeDirectories("/a/b")));
  EXPECT_TRUE(loop_.run(client().makeDirectories("/a/b")));
  hdfs().write("/a/c", "x");
  const auto refused = loop_.run(client().makeDirectories("/a/c/d"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kIo);
}

}  // namespace
}  // namespace tidemill::hdfs
