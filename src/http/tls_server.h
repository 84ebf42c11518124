// http/tls_server.h: for tests: a real TLS server on 127.0.0.1 with a certificate of its own making.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "http/loopback_server.h"

namespace tidemill::http {

// Answers each connection's first request with 200 and "ok". Its certificate is for the name localhost.
class TlsServer {
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  template <class T>
  using Owned = std::unique_ptr<T, Free>;

 public:
  // Valid from a day ago until `validFor` from now.
  explicit TlsServer(std::chrono::seconds validFor, int versionMax = TLS1_3_VERSION)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), context_(SSL_CTX_new(TLS_server_method())) {
    makeCertificate(validFor);
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    SSL_CTX_set_security_level(context_.get(), 0);  // Or it would refuse old versions by itself.
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), versionMax);
    server_.emplace([this](LoopbackConnection& connection) { serve(connection); });
  }

  std::string urlWith(const std::string& host) const {
    return "https://" + host + server_->url().substr(server_->url().rfind(':')) + "/";
  }
  // Writes the certificate where a client can be told to trust it.
  std::string caFile() const {
    std::string path = testing::TempDir() + "curl_tls_test_ca.pem";
    const Owned<std::FILE> file(std::fopen(path.c_str(), "w"));
    PEM_write_X509(file.get(), certificate_.get());
    return path;
  }

 private:
  void makeCertificate(std::chrono::seconds validFor) {
    X509* certificate = certificate_.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86'400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), validFor.count());
    X509_set_pubkey(certificate, key_.get());
    const auto* name = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key_.get(), EVP_sha256());
  }
  void serve(LoopbackConnection& connection) {
    const Owned<SSL> session(SSL_new(context_.get()));
    SSL_set_fd(session.get(), connection.descriptor());
    if (SSL_accept(session.get()) != 1) return;
    char request[4096];
    if (SSL_read(session.get(), request, sizeof request) <= 0) return;
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    SSL_write(session.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
    SSL_read(session.get(), request, sizeof request);  // Until the client goes.
  }

  Owned<EVP_PKEY> key_;
  Owned<X509> certificate_;
  Owned<SSL_CTX> context_;
  std::optional<LoopbackServer> server_;
};

}  // namespace tidemill::http
