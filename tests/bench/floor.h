// The least that a handover through the API server can take: release PUT, watch event, acquire PUT,
// by a client that does nothing else, one after the other, on connections that are open already.
#pragma once

#include <memory>

#include "helpers/cluster.h"

namespace le_run::test {

class Floor {
public:
    // Takes a lease of its own on `server`, and watches it.
    explicit Floor(const ApiServerAccess& server);
    ~Floor();

    enum class Acquiring { kOnOpenConnection, kAfresh }; // with a new one, made after the event

    // One handover: from just before the release is sent until the acquisition is answered, in
    // seconds. Throws when the server does not do what it should.
    double sample(Acquiring acquiring = Acquiring::kOnOpenConnection);

private:
    struct Connections;

    Cluster cluster_;
    std::unique_ptr<Connections> connections_;
    nlohmann::json lease_; // as the server answered last
};

} // namespace le_run::test
