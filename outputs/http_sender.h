// The only place where an HTTP output meets the wire: prepare once, render, exchange with a host that is there, judge,
// and send again what the output amended. What follows an outcome is hub/deliver's.
#pragma once

#include "net/http_client.h"
#include "outputs/batch_size.h"
#include "outputs/host_choice.h"
#include "outputs/output.h"

#include <memory>
#include <optional>
#include <vector>

namespace outputs {

class HttpSender final : public Output {
 public:
  HttpSender(std::unique_ptr<HttpOutput> output, std::unique_ptr<net::HttpClient> client)
      : output_{std::move(output)}, client_{std::move(client)}, hosts_{output_->hosts()} {}

  Limits limits() const override;
  std::string destination(const core::Alert& alert) const override { return output_->destination(alert); }
  boost::asio::awaitable<core::Outcomes> send(Batch batch, Attempt attempt) override;
  const HttpOutput& http() const { return *output_; }

 private:
  struct Turn {
    core::Outcomes outcomes;
    std::vector<Amended> amended;
  };
  boost::asio::awaitable<std::optional<core::Outcome>> prepare(Attempt attempt);
  boost::asio::awaitable<Turn> send_once(Batch batch, Attempt attempt);
  // One exchange with `host`, remembered for the choice of the next one.
  boost::asio::awaitable<core::Result<net::HttpReply>> exchange(net::HttpRequest request, std::size_t host);

  std::unique_ptr<HttpOutput> output_;
  std::unique_ptr<net::HttpClient> client_;
  HostChoice hosts_;
  BatchSize size_;
  bool prepared_ = false;
};

}  // namespace outputs
