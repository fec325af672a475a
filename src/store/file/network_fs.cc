#include "store/file/network_fs.h"

#include <algorithm>
#include <array>

namespace le_run::file_store {
namespace {

struct NetworkFileSystem {
    unsigned long magic;
    std::string_view name;
};

// From linux/magic.h; the rest from statfs(2) and the file systems' sources.
constexpr std::array kNetworkFileSystems{
    NetworkFileSystem{0x00006969, "NFS"},        NetworkFileSystem{0x0000517b, "SMB"},
    NetworkFileSystem{0xff534d42, "CIFS"},       NetworkFileSystem{0xfe534d42, "SMB"},
    NetworkFileSystem{0x00c36400, "Ceph"},       NetworkFileSystem{0x5346414f, "AFS"},
    NetworkFileSystem{0x6b414653, "AFS"},        NetworkFileSystem{0x01021997, "9p"},
    NetworkFileSystem{0x7461636f, "OCFS2"},      NetworkFileSystem{0x01161970, "GFS2"},
    NetworkFileSystem{0x0bd00bd0, "Lustre"},     NetworkFileSystem{0x65735546, "FUSE"},
    NetworkFileSystem{0x73757245, "Coda"},       NetworkFileSystem{0x0000564c, "NCP"},
    NetworkFileSystem{0x47504653, "GPFS"},       NetworkFileSystem{0x19830326, "BeeGFS"},
    NetworkFileSystem{0x20030528, "OrangeFS"},   NetworkFileSystem{0x786f4256, "VirtualBox"},
    NetworkFileSystem{0xbacbacbc, "VMware HGFS"}};

} // namespace

std::optional<std::string_view> network_file_system(unsigned long magic) {
    // f_type is a signed long. On 32 bits, and in some file systems, the sign bit is extended.
    const unsigned long low = magic & 0xffffffffUL;
    const auto* const found =
        std::find_if(kNetworkFileSystems.begin(), kNetworkFileSystems.end(),
                     [low](const NetworkFileSystem& known) { return known.magic == low; });
    if (found == kNetworkFileSystems.end()) {
        return std::nullopt;
    }
    return found->name;
}

} // namespace le_run::file_store
