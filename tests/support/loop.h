// Runs one coroutine to its end on a loop of its own, for tests of code that waits.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

namespace test {

// What `work` returned; its exception, if it threw one. Other work of the loop (idle connections' timers) is left where
// it is.
template <class T>
T run(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr thrown;
  boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr exception, T value) {
    thrown = exception;
    if (!thrown) result.emplace(std::move(value));
  });
  loop.restart();
  while (!result && !thrown) loop.run_one();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*result);
}

}  // namespace test
