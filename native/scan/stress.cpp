// Scans, reads, cancels and refreshes a tree that changes all the time, from many threads at once. A program
// of its own, built with a sanitizer by scripts/sanitize:  stress DIRECTORY SECONDS
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "ordering.h"
#include "scan.h"
#include "shared.h"
#include "system.h"

namespace {

using dusk::Scan;
using Chance = std::mt19937;

int pick(Chance& chance, int most) { return static_cast<int>(chance() % static_cast<unsigned>(most)); }

std::string random_directory(const std::string& root, Chance& chance) {
  std::string path;
  for (int depth = pick(chance, 4); depth > 0; --depth) {
    path += (path.empty() ? "" : "/") + std::string("d") + std::to_string(pick(chance, 6));
  }
  return path.empty() ? root : root + "/" + path;
}

// One change below the root; fails as often as not.
void change(const std::string& root, Chance& chance) {
  const std::string place = random_directory(root, chance);
  const std::string name = place + "/f" + std::to_string(pick(chance, 60));
  switch (pick(chance, 6)) {
    case 0: mkdir((place + "/d" + std::to_string(pick(chance, 6))).c_str(), 0755); break;
    case 1: (void)!link(name.c_str(), (random_directory(root, chance) + "/l" + std::to_string(pick(chance, 20))).c_str()); break;
    case 2: unlink(name.c_str()); break;
    case 3: (void)!rename(place.c_str(), (random_directory(root, chance) + "/d" + std::to_string(pick(chance, 6))).c_str()); break;
    case 4: unlink((place + "/l" + std::to_string(pick(chance, 20))).c_str()); break;
    default: {
      const int file = open(name.c_str(), O_WRONLY | O_CREAT, 0644);
      if (file < 0) break;
      (void)!ftruncate(file, pick(chance, 100000));
      close(file);
    }
  }
}

// Looks at everything that a reader may look at.
void read(const Scan& scan, dusk::Ordering& ordering, Chance& chance) {
  const dusk::Tree& tree = scan.tree;
  const auto index = static_cast<std::uint32_t>(chance() % tree.count());
  std::uint32_t slot = dusk::kNone;
  std::string name;
  {
    const std::shared_lock<std::shared_mutex> lock(tree.replacing);
    const dusk::Spot spot = tree.locate(index);
    spot.block->name(spot.position).append_to(name);
    if (name.empty()) std::abort();
    if (!spot.is_directory()) {
      (void)spot.block->facts(spot.position);
      slot = spot.block->parent;
      const std::uint32_t found = tree.child(slot, name.data(), name.size());
      if (found != index && !(tree.flags(spot) & dusk::kRemoved) && found == dusk::kNone) std::abort();
    } else {
      slot = spot.slot();
    }
    (void)tree.is_removed(spot);
    (void)dusk::sums(tree, {index});
  }
  const auto sort = static_cast<dusk::Sort>(pick(chance, 4));
  for (const std::uint32_t child : ordering.page(slot, sort, pick(chance, 2), 0, 20)) {
    if (child >= tree.count()) std::abort();
  }
  (void)tree.error(index);
  (void)scan.progress();
  const std::uint64_t completed = tree.completed().size();
  if (completed && tree.completed()[completed - 1] >= tree.count()) std::abort();
}

std::unique_ptr<dusk::Triggers> triggers() {
  auto wanted = std::make_unique<dusk::Triggers>();
  wanted->add_name("f1");
  wanted->add_prefix("l");
  wanted->add_suffix("7");
  wanted->add_enclosure("d2");
  wanted->add_enclosure("d1/d3");
  auto inside = std::make_unique<dusk::Triggers>();
  inside->add_name("f3");
  inside->add_name("l7");
  wanted->set_inside(std::move(inside));
  return wanted;
}

std::string name_of(const dusk::Spot& spot) {
  std::string name;
  spot.block->name(spot.position).append_to(name);
  return name;
}

// By the definition, from the whole path.
bool is_enclosed(const dusk::Tree& tree, const dusk::Triggers& wanted, std::uint32_t slot) {
  std::string path = name_of(tree.locate(tree.directory(slot).index));
  while (tree.directory(slot).parent != dusk::kNone) {
    slot = tree.directory(slot).parent;
    path = name_of(tree.locate(tree.directory(slot).index)) + '/' + path;
  }
  return wanted.encloses_all(path);
}

// Every entry with a wanted name, however it was found, must have been reported, once.
void check_hits(const Scan& scan) {
  const dusk::Tree& tree = scan.tree;
  const std::unique_ptr<dusk::Triggers> wanted = triggers();
  std::vector<bool> hit(tree.count());
  for (std::uint64_t position = 0; position < tree.hits().size(); ++position) {
    if (hit[tree.hits()[position]]) std::abort();
    hit[tree.hits()[position]] = true;
  }
  for (std::uint32_t index = 1; index < tree.count(); ++index) {
    const dusk::Spot spot = tree.locate(index);
    const std::string name = name_of(spot);
    const dusk::Triggers& here = is_enclosed(tree, *wanted, spot.block->parent) ? *wanted->inside() : *wanted;
    if (here.match(name.data(), name.size()) != hit[index]) std::abort();
  }
}

// The directory's sums must be those of its children, whatever happened.
void check_sums(const Scan& scan) {
  const dusk::Tree& tree = scan.tree;
  for (std::uint32_t index = 0; index < tree.count(); ++index) {
    const dusk::Spot spot = tree.locate(index);
    if (!spot.is_directory() || tree.is_removed(spot)) continue;
    const dusk::Directory& directory = tree.directory(spot.slot());
    std::int64_t size = 0, items = 0;
    tree.each_child(spot.slot(), [&](const dusk::Block& block, std::uint32_t, std::uint32_t position, std::uint32_t) {
      ++items;
      if (block.is_directory(position)) {
        size += tree.directory(block.slot(position)).size;
        items += tree.directory(block.slot(position)).items;
      } else if (!(block.flags(position) & dusk::kCountedElsewhere)) {
        size += block.value(dusk::Block::kSize, position);
      }
    });
    if (size != directory.size || items != directory.items) {
      std::fprintf(stderr, "entry %u: size %lld of %lld, items %lld of %lld\n", index, static_cast<long long>(directory.size), static_cast<long long>(size), static_cast<long long>(directory.items), static_cast<long long>(items));
      std::abort();
    }
  }
}

void one_round(const std::string& root, unsigned seed) {
  Chance chance(seed);
  const bool late = pick(chance, 2);
  const auto scan = std::make_shared<Scan>(root, false, late);
  dusk::Ordering ordering(scan->tree);
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (unsigned reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      Chance own(seed * 7 + reader);
      while (!done) read(*scan, ordering, own);
    });
  }
  threads.emplace_back([&] {
    Chance own(seed * 11);
    while (!done) change(root, own);
  });
  Scan::Pace pace;
  pace.threads = static_cast<unsigned>(1 + pick(chance, 8));
  pace.held = static_cast<unsigned>(pick(chance, 4));
  pace.inode_order = pick(chance, 2);
  if (late) {
    threads.emplace_back([&, pause = pick(chance, 3000)] {
      std::this_thread::sleep_for(std::chrono::microseconds(pause));
      if (scan->tree.completed_count()) std::abort();
      scan->tree.report(triggers());
    });
  } else {
    scan->tree.report(triggers());
  }
  scan->start(std::make_unique<dusk::Place>(), pace);
  for (int count = pick(chance, 6); count > 0; --count) {
    const std::string path = random_directory(root, chance);
    scan->refresh(path == root ? "" : path.substr(root.size() + 1), std::make_unique<dusk::Place>());
  }
  if (pick(chance, 3) == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(pick(chance, 3000)));
    scan->cancel();
  }
  while (!scan->wait(1000)) std::fprintf(stderr, "still scanning\n");
  for (int count = pick(chance, 6); count > 0; --count) {
    const std::string path = random_directory(root, chance);
    scan->refresh(path == root ? "" : path.substr(root.size() + 1), std::make_unique<dusk::Place>());
  }
  while (scan->refreshes_pending()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  done = true;
  for (std::thread& thread : threads) thread.join();
  if (!scan->progress().failure.empty()) std::abort();
  check_sums(*scan);
  check_hits(*scan);
  if (pick(chance, 2)) scan->abandon();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::string root = arguments[1];
  Chance chance(1);
  for (int number = 0; number < 3000; ++number) change(root, chance);
  const std::int64_t end = dusk::milliseconds() + 1000 * std::atol(arguments[2]);
  unsigned rounds = 0;
  while (dusk::milliseconds() < end) one_round(root, ++rounds);
  std::printf("%u rounds\n", rounds);
}
