// fake/server.h: the fake AWS on a real port of the loopback interface.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "fake/fake_aws.h"
#include "fake/fake_stores.h"
#include "tidemill/result.h"

namespace tidemill::fake {

// HTTP/1.1 with keep-alive, on one thread: the one that calls run(). It binds to 127.0.0.1 only, because its
// key pair is public. At most 1024 connections at once, requests of at most 16 MiB (413 beyond).
//
//   FakeAws aws({});
//   auto server = FakeServer::listen(aws, 0);
//   std::thread thread([&] { (*server)->run(); });
//   …  http://127.0.0.1:(*server)->port()  …
//   (*server)->stop();
//   thread.join();
class FakeServer {
 public:
  // Answers one request at a time, on the thread that calls run().
  using Answerer = std::function<FakeAnswer(const http::Request& request, rt::WallTime now)>;

  // Port 0 takes a free one. `aws` must outlive the server, and nobody else may use it while run() runs. kIo
  // if the port is taken.
  //
  // `patience`: how long a connection may stay without a request, and a peer may take to send one or to read
  // its answer; the connection is closed then. Clients that keep connections alive open another.
  static Result<std::unique_ptr<FakeServer>> listen(
      FakeAws& aws, int port, std::chrono::milliseconds patience = std::chrono::minutes(5));
  // The same, with whatever answers.
  static Result<std::unique_ptr<FakeServer>> listen(
      Answerer answerer, int port, std::chrono::milliseconds patience = std::chrono::minutes(5));
  ~FakeServer();

  int port() const;
  // How often a connection could not be taken for want of descriptors; the next try comes 100 ms later. From
  // any thread.
  int acceptFailures() const;
  // Serves until stop(); then closes all connections and returns.
  void run();
  // From any thread, also before run().
  void stop();
  // Makes SIGTERM and SIGINT call stop().
  void stopOnSignals();

 private:
  struct Impl;
  explicit FakeServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

struct FakeServerOptions {
  FakeAwsOptions aws;
  // On the same port.
  FakeStoresOptions stores = {};
  // Range: [0, 65535]; 0 takes a free one.
  int port = 0;
};

// The whole of `tidemill fake`: listens, tells the port, serves until SIGTERM or SIGINT.
Result<void> serveFake(const FakeServerOptions& options, const std::function<void(int port)>& onListening);

}  // namespace tidemill::fake
