// Calls on sockets. The kernel's socket is described after the call: family, protocol and both addresses come from there.
#include "detector/sensor/calls_rows.h"

namespace detector {
namespace {

using namespace rows;

constexpr ParamRow kSocket[] = {new_fd, named("domain", 0, Names::SocketFamily), number("type", 1), number("proto", 2)};
constexpr ParamRow kConnect[] = {res, tuple, fd("fd", 0), address("addr", 1)};
constexpr ParamRow kBind[] = {res, address("addr", 1), fd("fd", 0)};
constexpr ParamRow kListen[] = {res, fd("fd", 0), number("backlog", 1)};
constexpr ParamRow kAccept[] = {new_fd, tuple};
constexpr ParamRow kAccept4[] = {new_fd, tuple, flags("flags", 3, Names::AcceptFlags)};
constexpr ParamRow kSendto[] = {res, fd("fd", 0), number("size", 2), tuple, address("addr", 4)};
constexpr ParamRow kSendmsg[] = {res, fd("fd", 0), tuple, address("addr", 1)};
constexpr ParamRow kRecvfrom[] = {res, tuple, fd("fd", 0), number("size", 2)};
constexpr ParamRow kRecvmsg[] = {res, tuple, fd("fd", 0)};
constexpr ParamRow kShutdown[] = {res, fd("fd", 0), number("how", 1)};

constexpr CallRow kRows[] = {
    {"socket", kSocket, EventFd::Use::Creates, Effect::Socket, Keeps::Sockets, takes_fd(FD_RESULT)},
    {"connect", kConnect, EventFd::Use::Uses, Effect::Connect, Keeps::Sockets, {{0, TAKE_SOCKADDR}, FD_ARG + 0, 0}},
    {"bind", kBind, EventFd::Use::Uses, Effect::Bind, Keeps::Sockets, {{0, TAKE_SOCKADDR}, FD_ARG + 0, 0}},
    {"listen", kListen, EventFd::Use::Uses, Effect::Listen, Keeps::Sockets, takes_fd(FD_ARG + 0)},
    {"accept", kAccept, EventFd::Use::Creates, Effect::Accept, Keeps::Sockets, takes_fd(FD_RESULT)},
    {"accept4", kAccept4, EventFd::Use::Creates, Effect::Accept, Keeps::Sockets, takes_fd(FD_RESULT)},
    {"sendto", kSendto, EventFd::Use::Uses, Effect::Send, Keeps::Nothing, {{0, 0, 0, 0, TAKE_SOCKADDR}, FD_ARG + 0, 0}},
    {"sendmsg", kSendmsg, EventFd::Use::Uses, Effect::Send, Keeps::Nothing, {{0, TAKE_MSGHDR}, FD_ARG + 0, 0}},
    {"recvfrom", kRecvfrom, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"recvmsg", kRecvmsg, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
    {"shutdown", kShutdown, EventFd::Use::Uses, Effect::None, Keeps::Nothing, takes_fd(FD_ARG + 0)},
};

}  // namespace

std::span<const CallRow> network_calls() { return kRows; }

}  // namespace detector
