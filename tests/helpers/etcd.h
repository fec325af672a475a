// A real etcd of one or several members, on loopback ports that the kernel chose.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "helpers/process.h"

namespace le_run::test {

class Etcd {
public:
    // Starts `members` of them; data below `folder`.
    Etcd(int members, std::string folder);

    std::string urls() const; // for --etcd-servers
    bool runs();              // all of them
    std::string err() const;

    // They answer nothing, connections stay; thaw() lets all go on.
    void freeze();
    // The one that tells the API server of changes, made the leader before. Something must be
    // written meanwhile, again and again.
    void freeze_watched_leader();
    void thaw();

    // SIGKILL; connections are refused from now on. Start it again on the same data and ports.
    void kill();
    void start();
    // A backup of the data, made while all members stand still; and the data as the backup has it.
    // Restore it between kill() and start().
    void back_up();
    void restore() const;

private:
    struct Member {
        std::string name, client_port, peer_port;
        std::unique_ptr<Process> process{};
    };

    std::string data() const { return folder_ + "/etcd"; }
    std::string backup() const { return folder_ + "/etcd-backup"; }
    void start(Member& member) const;

    std::string folder_;
    std::vector<Member> members_;
};

} // namespace le_run::test
