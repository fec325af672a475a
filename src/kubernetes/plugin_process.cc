#include "kubernetes/plugin_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "process/child_ends.h"

namespace le_run::kubernetes {
namespace {

// Neither end gets the number 0, 1 or 2, because the child replaces those.
bool open_pipe(int (&ends)[2]) {
    int low[2];
    if (::pipe2(low, O_CLOEXEC) != 0) {
        return false;
    }
    for (int i = 0; i < 2; ++i) {
        ends[i] = ::fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        ::close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

// The data for the child, made before the fork. After the fork nothing may allocate, because
// another thread of le-run may have held the allocator's locks.
struct Launch {
    const char* program;
    std::vector<char*> argv;
    std::vector<char*> environment;
    int output;
    int said;
    pid_t le_run;
    const char* folder;
};

void close_all_on_exec() {
    constexpr unsigned kFirst = 3;
    constexpr int kSomeMost = 65536;
    if (::syscall(SYS_close_range, kFirst, ~0U, 1U << 2U /* CLOSE_RANGE_CLOEXEC */) == 0) {
        return;
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, kSomeMost));
    for (int fd = kFirst; fd < end; ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

[[noreturn]] void become_the_plugin(const Launch& launch) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launch.le_run) {
        ::_exit(127);
    }
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    [[maybe_unused]] const int stays = ::chdir(launch.folder); // arguments may be relative paths
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing < 0) {
        ::close(STDIN_FILENO); // standard input is only for the work's process
    } else {
        ::dup2(nothing, STDIN_FILENO);
    }
    ::dup2(launch.output, STDOUT_FILENO);
    ::dup2(launch.said, STDERR_FILENO);
    close_all_on_exec();
    sigset_t none;
    ::sigemptyset(&none);
    // The exec resets le-run's handlers. Until then, a signal may only end this process.
    for (int number = 1; number <= SIGRTMAX; ++number) {
        struct sigaction action{};
        if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            ::signal(number, SIG_DFL);
        }
    }
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(launch.program, launch.argv.data(), launch.environment.data());
    const char* why = ::strerrordesc_np(errno);
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, why, std::strlen(why));
    ::_exit(126);
}

std::string text_of(std::chrono::milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                    : std::to_string(time.count()) + " ms";
}

} // namespace

PluginProcess::PluginProcess(boost::asio::io_context& loop, Handler ended)
    : loop_(loop), ended_(std::move(ended)), output_(loop), said_(loop), exit_(loop), timer_(loop) {
}

std::shared_ptr<PluginProcess> PluginProcess::start(boost::asio::io_context& loop,
                                                    const PluginCommand& command,
                                                    std::chrono::milliseconds patience,
                                                    Handler ended) {
    std::shared_ptr<PluginProcess> made(new PluginProcess(loop, std::move(ended)));
    made->launch(command, patience);
    return made;
}

PluginProcess::~PluginProcess() { kill_group(); }

void PluginProcess::launch(const PluginCommand& command, std::chrono::milliseconds patience) {
    int output[2] = {-1, -1};
    int said[2] = {-1, -1};
    int exit = -1;
    if (open_pipe(output) && open_pipe(said)) {
        const Launch launch{command.program.c_str(),
                            pointers_to(command.argv),
                            pointers_to(command.environment),
                            output[1],
                            said[1],
                            ::getpid(),
                            command.folder.c_str()};
        pid_ = ::fork();
        if (pid_ == 0) {
            become_the_plugin(launch);
        }
    }
    int why = errno;
    if (pid_ > 0) {
        boost::asio::use_service<process::ChildEnds>(loop_).expect(pid_);
        exit = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        why = errno;
    }
    for (const int fd : {output[1], said[1]}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    if (exit < 0) {
        for (const int fd : {output[0], said[0]}) {
            if (fd >= 0) {
                ::close(fd);
            }
        }
        boost::asio::post(loop_, [weak = weak_from_this(), why] {
            if (const auto self = weak.lock()) {
                self->give_up(std::string("could not be started (") + std::strerror(why) + ")");
            }
        });
        return;
    }
    for (auto [stream, fd] : {std::pair(&output_, output[0]), std::pair(&said_, said[0])}) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        stream->pipe.assign(fd);
        wait(*stream);
    }
    exit_.assign(exit);
    exit_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](boost::system::error_code cancelled) {
                         if (const auto self = weak.lock(); self && !cancelled) {
                             self->on_exit();
                         }
                     });
    timer_.expires_after(patience);
    timer_.async_wait([weak = weak_from_this(), patience](boost::system::error_code cancelled) {
        if (const auto self = weak.lock(); self && !cancelled) {
            self->give_up("did not end within " + text_of(patience) + " and was killed");
        }
    });
}

void PluginProcess::wait(Stream& stream) {
    stream.pipe.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [weak = weak_from_this(), &stream](boost::system::error_code cancelled) {
            const auto self = weak.lock();
            if (!self || cancelled || !self->ended_ || !self->read(stream)) {
                return;
            }
            if (self->output_.size > kMostOutput || self->said_.size > kMostOutput) {
                return self->give_up("wrote more than " + std::to_string(kMostOutput / 1024) +
                                     " KiB and was killed");
            }
            self->wait(stream);
        });
}

// Reads the available bytes, up to the limit. False: the pipe has ended. Nobody waits for that,
// because other processes may hold the pipe open: the plugin's exit counts.
bool PluginProcess::read(Stream& stream) {
    while (stream.size <= kMostOutput) {
        char block[4096];
        const ssize_t size = ::read(stream.pipe.native_handle(), block, sizeof block);
        if (size <= 0) {
            return size < 0 && (errno == EAGAIN || errno == EINTR);
        }
        stream.size += static_cast<std::size_t>(size);
        stream.text.append(block, static_cast<std::size_t>(size));
        if (&stream == &said_ && stream.text.size() > kMostSaid) {
            stream.text.erase(0, stream.text.size() - kMostSaid);
        }
    }
    return true;
}

void PluginProcess::on_exit() {
    if (!ended_) {
        return;
    }
    read(output_);
    read(said_);
    const auto status = boost::asio::use_service<process::ChildEnds>(loop_).take(pid_);
    if (!status) {
        return give_up("ended in an unknown way");
    }
    pid_ = -1;
    if (WIFSIGNALED(*status)) {
        return finish("was ended by signal " + std::to_string(WTERMSIG(*status)));
    }
    const int code = WEXITSTATUS(*status);
    finish(code == 0 ? "" : "exited with " + std::to_string(code));
}

void PluginProcess::give_up(const std::string& problem) {
    if (!ended_) {
        return;
    }
    kill_group();
    finish(problem);
}

void PluginProcess::finish(const std::string& problem) {
    timer_.cancel();
    exit_.close();
    output_.pipe.close();
    said_.pipe.close();
    if (said_.size > kMostSaid) { // a secret that was cut cannot be recognized
        said_.text.erase(0, said_.text.find_first_of(" \n"));
    }
    std::exchange(ended_, {})({problem, std::move(output_.text), std::move(said_.text)});
}

// After the plugin is reaped, another process may get its number.
void PluginProcess::kill_group() {
    auto& ends = boost::asio::use_service<process::ChildEnds>(loop_);
    if (pid_ > 0 && !ends.take(pid_)) {
        ::kill(-pid_, SIGKILL); // works after the child's setsid()
        ::kill(pid_, SIGKILL);
        ends.forget(pid_);
    }
    pid_ = -1;
}

} // namespace le_run::kubernetes
