// The least that any scanner must do: read every directory with getdents64, examine every entry with statx,
// keep a flat list. No tree, no totals of directories, no hard links, no errors, no Python.
//
//     g++ -O2 -pthread -o floor floor.cpp && ./floor PATH THREADS
//
// Prints entries and seconds. A scanner that comes near this one spends its time in the kernel.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Dirent {
    unsigned long long inode;
    long long offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

struct Item {
    unsigned long long size;
    unsigned long long blocks;
    unsigned int name;
    unsigned int mtime;
};

// Directories that wait to be read; the walk is over when none waits and nobody reads.
class Queue {
public:
    explicit Queue(int readers) : reading_(readers) {}

    void push(std::vector<std::string>& directories) {
        std::lock_guard<std::mutex> guard(lock_);
        for (auto& directory : directories) waiting_.push_back(std::move(directory));
        directories.clear();
        changed_.notify_all();
    }

    bool pop(std::string& directory) {
        std::unique_lock<std::mutex> guard(lock_);
        --reading_;  // all count as reading before they first come here
        while (waiting_.empty()) {
            if (reading_ == 0) over_ = true, changed_.notify_all();
            if (over_) return false;
            changed_.wait(guard);
        }
        directory = std::move(waiting_.back());
        waiting_.pop_back();
        ++reading_;
        return true;
    }

private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::vector<std::string> waiting_;
    int reading_;
    bool over_ = false;
};

std::atomic<long> entries{0};

void read_directories(Queue& queue) {
    std::vector<char> buffer(1 << 16), names;
    std::vector<Item> items;
    std::vector<std::string> below;
    std::string path;
    while (queue.pop(path)) {
        int directory = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (directory < 0) continue;
        long length;
        while ((length = syscall(SYS_getdents64, directory, buffer.data(), buffer.size())) > 0) {
            for (long at = 0; at < length;) {
                auto* found = reinterpret_cast<Dirent*>(buffer.data() + at);
                at += found->length;
                const char* name = found->name;
                if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]))) continue;
                struct statx facts;
                int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
                if (syscall(SYS_statx, directory, name, flags, STATX_BASIC_STATS, &facts)) continue;
                items.push_back({facts.stx_size, facts.stx_blocks, unsigned(names.size()),
                                 unsigned(facts.stx_mtime.tv_sec)});
                names.insert(names.end(), name, name + strlen(name) + 1);
                if (S_ISDIR(facts.stx_mode)) below.push_back(path + "/" + name);
            }
        }
        close(directory);
        queue.push(below);
    }
    entries += long(items.size());
}

}  // namespace

int main(int count, char** words) {
    if (count != 3) return fprintf(stderr, "floor PATH THREADS\n"), 2;
    int threads = atoi(words[2]);
    auto started = std::chrono::steady_clock::now();
    Queue queue(threads);
    std::vector<std::string> first{words[1]};
    queue.push(first);
    std::vector<std::thread> readers;
    for (int reader = 0; reader < threads; ++reader) readers.emplace_back(read_directories, std::ref(queue));
    for (auto& reader : readers) reader.join();
    std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
    printf("%ld entries %.4f seconds\n", entries.load(), spent.count());
}
