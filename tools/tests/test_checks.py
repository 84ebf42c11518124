"""Each source check catches what is planted for it, and is silent on code that is right."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOOLS))

import checklib  # noqa: E402: found beside this folder
ARCHITECTURE = "```\nOrder: base → rt → http → aws → kinesis, dynamo → lease → stream → fake → cli\n```\n"


class Repository(unittest.TestCase):
    """A small repository in a temporary folder, and a check that is run on it."""

    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        self.write("docs/ARCHITECTURE.md", ARCHITECTURE)

    def tearDown(self) -> None:
        self._folder.cleanup()

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def findings(self, check: str) -> list[str]:
        findings, texts = importlib.import_module(check).find(self.root)
        return [str(finding) for finding in checklib.without_allowed(findings, texts, check)]

    def assert_caught(self, check: str, path: str, code: str, words: str, line: int = 1) -> None:
        self.write(path, code)
        lines = self.findings(check)
        self.assertTrue(any(found.startswith(f"{path}:{line}: ") and words in found for found in lines),
                        f"not caught: {code!r}\nfound: {lines}")
        (self.root / path).unlink()

    def assert_clean(self, check: str, path: str, code: str) -> None:
        self.write(path, code)
        self.assertEqual(self.findings(check), [], code)
        (self.root / path).unlink()


class CommandLine(Repository):
    def run_check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, TOOLS / "check_layers.py", "--root", self.root],
                              capture_output=True, text=True, check=False)

    def test_prints_findings_and_exits_with_1(self) -> None:
        self.write("src/base/a.cc", '#include "rt/loop.h"\n')
        ran = self.run_check()
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertRegex(ran.stdout, r"^src/base/a\.cc:1: base includes rt/loop\.h, .*; to mend: ")

    def test_exits_with_0_on_clean_code(self) -> None:
        ran = self.run_check()
        self.assertEqual((ran.returncode, ran.stdout), (0, ""), ran.stderr)


class CheckLayers(Repository):
    def test_an_include_upwards_is_caught(self) -> None:
        self.assert_caught("check_layers", "src/base/a.cc", '\n#include "rt/loop.h"\n', "base lies below rt", line=2)

    def test_an_include_of_a_sibling_is_caught(self) -> None:
        self.assert_caught("check_layers", "src/dynamo/a.h", '#include "kinesis/api.h"\n', "siblings")

    def test_the_fake_is_for_tests_and_cli_and_stands_alone(self) -> None:
        self.assert_caught("check_layers", "src/cli/a.cc", '#include "nowhere.h"\n', "no file of a layer")
        self.assert_clean("check_layers", "src/cli/a.cc", '#include "fake/server.h"\n#include "sim/world.h"\n')
        self.assert_clean("check_layers", "src/http/a_test.cc", '#include "fake/server.h"\n#include "sim/world.h"\n')
        self.assert_caught("check_layers", "src/fake/a.cc", '#include "kinesis/api.h"\n', "nothing above aws")
        self.assert_caught("check_layers", "src/stream/a.cc", '#include "sim/world.h"\n', "only tests and cli")

    def test_a_low_layer_cannot_use_the_public_header_of_a_higher_one(self) -> None:
        self.write("src/stream/context.cc", '#include "tidemill/context.h"\n')
        self.assert_caught("check_layers", "src/rt/a.cc", '#include "tidemill/context.h"\n', "rt lies below stream")
        self.assert_clean("check_layers", "src/cli/a.cc", '#include "tidemill/context.h"\n')
        self.assert_clean("check_layers", "src/rt/a.cc", '#include "tidemill/record.h"\n')

    def test_public_headers_stay_free_of_private_libraries(self) -> None:
        for private in ("<boost/asio.hpp>", "<simdjson.h>", "<coroutine>", '"rt/task.h"', "<fmt/format.h>"):
            self.assert_caught("check_layers", "include/tidemill/a.h", f"#include {private}\n", "public header")
        self.assert_clean("check_layers", "include/tidemill/a.h",
                          '#include <vector>\n#include <tl/expected.hpp>\n#include "tidemill/error.h"\n')

    def test_an_unknown_folder_is_caught(self) -> None:
        self.assert_caught("check_layers", "src/helpers/a.cc", "int a;\n", "is no layer")

    def test_a_dependency_upwards_in_cmake_is_caught(self) -> None:
        self.assert_caught("check_layers", "src/rt/CMakeLists.txt",
                           "tidemill_library(NAME rt\n  SOURCES a.cc\n  DEPENDS base http)\n", "depends on http")
        self.assert_clean("check_layers", "src/rt/CMakeLists.txt", "tidemill_library(NAME rt DEPENDS base)\n")

    def test_an_include_in_a_comment_after_code_is_no_excuse_without_a_reason(self) -> None:
        self.assert_clean("check_layers", "src/base/a.cc",
                          '#include "rt/loop.h"  // allow(check_layers): goes away with the old loop\n')
        self.assert_caught("check_layers", "src/base/a.cc", '#include "rt/loop.h"  // allow(check_layers)\n',
                           "without a reason")


class CheckAwait(Repository):
    def body(self, statement: str) -> str:
        return f"Task<int> f(Api& api) {{\n  {statement}\n}}\n"

    def test_unsafe_forms_are_caught(self) -> None:
        for statement, words in {
            "if (co_await g()) return;": "condition",
            "while (co_await g()) {}": "condition",
            "switch (co_await g()) {}": "condition",
            "for (auto x : co_await g()) {}": "condition",
            "auto x = flag ? co_await g() : 0;": "ternary",
            "auto x = co_await (flag ? g() : h());": "ternary",
            "use(co_await g());": "argument list",
            "auto x = (co_await g()).value();": "parentheses",
            "auto x = 1 + co_await g();": "middle of an expression",
            "auto x = co_await g() + 1;": "operator",
            "bool b = ready && co_await g();": "middle of an expression",
            "Pair p{co_await g(), 2};": "braced list",
            "auto p = Pair{1, co_await g()};": "braced list",
            "auto x = co_await g({.a = 1});": "braced temporary",
            "auto x = co_await g(Options{1});": "braced temporary",
            "auto x = co_await g(GetRecordsRequest(a));": "temporary object",
            'auto x = co_await g(std::string("a"));': "temporary object",
            'auto x = co_await g(fmt::format("{}", a));': "temporary object",
            "auto x = co_await run([&] { return 1; });": "capturing lambda",
            "auto x = co_await run([x = std::move(y)] { return 1; });": "capturing lambda",
            "try { h(); } catch (const E&) { co_await g(); }": "catch",
            "return co_await g();": "middle of an expression",
            "EXPECT_TRUE(co_await g());": "argument list",
        }.items():
            with self.subTest(statement):
                self.assert_caught("check_await", "src/rt/a.cc", self.body(statement), words, line=2)

    def test_an_await_over_several_lines_is_reported_where_it_stands(self) -> None:
        self.assert_caught("check_await", "src/rt/a.cc", self.body("use(1,\n    co_await g());"), "argument list", line=3)

    def test_a_capturing_lambda_coroutine_called_on_the_spot_is_caught(self) -> None:
        self.assert_caught("check_await", "src/rt/a.cc",
                           self.body("auto t = [&]() -> rt::Task<int> { co_return 1; }();"), "captures die", line=2)

    def test_safe_forms_are_clean(self) -> None:
        for statement in (
            "co_await g(x);",
            "auto r = co_await g(x, std::move(y));",
            "const Result<std::vector<int>> r = co_await api.getRecords(request, limits);",
            "r = co_await g(x);",
            "self->page_ = co_await g(x);",
            "pages[i] = co_await g(x);",
            "auto&& [a, b] = co_await g(x);",
            "co_return co_await g(x);",
            "if (flag) co_return co_await g(x);",
            "for (;;) co_await g(x);",
            "if (flag) {\n co_await g(x);\n } else {\n co_await h(x);\n }",
            "switch (kind) { case Kind::kA: co_await g(x); break; default: co_return; }",
            "try { co_await g(x); } catch (const E&) { failed = true; }",
            "co_await loop.sleepUntil(loop.now() + 5s);",
            "co_await loop_.sleepFor(std::min(a, b));",
            "co_await loop.sleepFor(Duration(5));",
            "auto run = [&]() -> Task<int> { co_return co_await g(x); };",
            "auto r = co_await g(x);  // if (co_await g()) is what we avoid",
            'log("if (co_await g())");',
            "auto n = 1'000; auto r = co_await g(n); char c = '(';",
        ):
            with self.subTest(statement):
                self.assert_clean("check_await", "src/rt/a.cc", self.body(statement))

    def test_an_exception_with_a_reason_is_clean(self) -> None:
        self.assert_clean("check_await", "src/rt/a.cc",
                          self.body("// allow(check_await): the test of the compiler's mistake\n  use(co_await g());"))


class CheckDeterminism(Repository):
    def test_refused_names_are_caught(self) -> None:
        for code, words in {
            "std::uniform_int_distribution<int> d;": "standard distribution",
            "std::shuffle(a, b, c);": "randomness",
            "std::mt19937_64 engine;": "randomness",
            "std::random_device device;": "random_device",
            "auto t = std::chrono::steady_clock::now();": "real clock",
            "auto t = std::chrono::system_clock::now();": "real clock",
            "auto n = typeid(x).name();": "compiler chooses",
            "auto l = std::source_location::current();": "compiler chooses",
            "std::thread t;": "thread of its own",
            "std::jthread t;": "thread of its own",
            "std::this_thread::sleep_for(1s);": "thread of its own",
            "std::mutex m;": "a lock",
            "std::atomic<std::shared_ptr<const int>> value;": "std::atomic of a std::shared_ptr",
            "std::condition_variable_any c;": "a lock",
        }.items():
            with self.subTest(code):
                self.assert_caught("check_determinism", "src/lease/a.cc", code + "\n", words)

    def test_places_that_need_them_are_clean(self) -> None:
        self.assert_clean("check_determinism", "src/base/random.cc", "std::random_device d;\n")
        self.assert_clean("check_determinism", "src/rt/asio_loop.cc", "auto t = std::chrono::steady_clock::now();\n")
        self.assert_clean("check_determinism", "src/rt/thread_pool.cc", "std::mutex m; std::thread t;\n")
        self.assert_clean("check_determinism", "src/http/a_test.cc", "std::thread server;\n")
        self.assert_clean("check_determinism", "examples/a.cc", "std::mutex m; std::thread t;\n")
        self.assert_clean("check_determinism", "src/lease/a.cc", "// std::mutex would be wrong here\n")

    def test_two_draws_in_one_expression_are_caught(self) -> None:
        for code in (
            "f(random.below(2), random.below(3));",
            "f(env.random.next(), 1, env_->random.next());",
            "auto x = random_.next() << 32 | random_.next();",
            "f(drawDelay(random, 1), drawDelay(random, 2));",
            "auto x = std::max(random().below(1), random().below(2));",
            "A::A(Random& random) : pair_(random.next(), random.next()) {}",
            "A::A(Random& random) : pair_(B(random.next()), C(random.next())) {}",
            "for (int i = 0; i < 3; ++i) { x = f(random.next()) + random.next(); }",
        ):
            with self.subTest(code):
                self.assert_caught("check_determinism", "src/sim/a.cc", code + "\n", "two random draws")

    def test_draws_in_a_defined_order_are_clean(self) -> None:
        for code in (
            "auto a = random.next(); auto b = random.next();",
            "if (random.chance(1, 2) && random.chance(1, 3)) f();",
            "auto x = random.chance(1, 2) ? random.below(3) : random.below(4);",
            "Pair p{random.below(2), random.below(3)};",
            "A::A(Random& random) : one_(random.next()), two_(f(random.next())), three_{random.next()} {}",
            "auto a = random.next(), b = random.next();",
            "if (random.chance(1, 2)) { x = random.below(2); }",
            "int drawOne(Random& random);\nint drawTwo(Random& random);",
            "int drawOne(Random& random) { return 1; }\nint drawTwo(Random& random) { return drawOne(random); }",
            "auto x = random.below(random.below(5) + 1);",
        ):
            with self.subTest(code):
                self.assert_clean("check_determinism", "src/sim/a.cc", code + "\n")

    def test_pointer_keys_are_caught(self) -> None:
        for code in ("std::map<Node*, int> m;", "std::set<const Shard*> s;", "std::unordered_map<std::shared_ptr<A>, int> m;",
                     "std::hash<Node*> h;"):
            with self.subTest(code):
                self.assert_caught("check_determinism", "src/sim/a.cc", code + "\n", "pointer as a key")
        self.assert_clean("check_determinism", "src/sim/a.cc", "std::map<std::string, Node*> m;\n")
        self.assert_clean("check_determinism", "src/sim/a.cc", "std::map<std::pair<int, int>, void*> m;\n")

    def test_iteration_over_an_unordered_container_is_caught(self) -> None:
        declared = "std::unordered_map<std::string, std::vector<int>> byName_;\n"
        self.assert_caught("check_determinism", "src/sim/a.cc", declared + "for (auto& [k, v] : byName_) f(k);\n",
                           "iteration over", line=2)
        self.assert_caught("check_determinism", "src/sim/a.cc", declared + "auto i = byName_.begin();\n",
                           "iteration over", line=2)
        self.assert_clean("check_determinism", "src/sim/a.cc", declared + 'auto i = byName_.find("a");\n')

    def test_the_header_of_a_source_file_is_read_too(self) -> None:
        self.write("src/sim/a.h", "class A { std::unordered_set<int> seen_; };\n")
        self.assert_caught("check_determinism", "src/sim/a.cc", "for (int s : seen_) f(s);\n", "iteration over")


class CheckText(Repository):
    def test_foreign_hosts_and_machine_paths_are_caught(self) -> None:
        self.assert_caught("check_text", "docs/a.md", "see https:" + "//packages.somewhere.io/x\n", "the host")
        self.assert_caught("check_text", "src/base/a.cc", 'auto p = "/' + 'home/me/x";\n', "path of one machine")
        self.assert_clean("check_text", "docs/a.md", "http://127.0.0.1:4567 and https://kinesis.us-east-1.amazonaws.com\n")

    def test_work_left_over_is_caught(self) -> None:
        self.assert_caught("check_text", "src/base/a.cc", "// TO" + "DO: later\n", "work left over")
        self.assert_clean("check_text", "src/base/a.cc", "// TO" + "DO(#12): bounded by the budget once it exists\n")

    def test_a_header_says_what_it_is(self) -> None:
        self.write("src/base/README.md", "base\n")
        self.assert_caught("check_text", "src/base/a.h", "#pragma once\n", "without its first line")
        self.assert_caught("check_text", "src/base/a.h", "// base/a.h: an example.\n", "#pragma once")
        self.assert_clean("check_text", "src/base/a.h", "// base/a.h: an example.\n#pragma once\n")

    def test_a_sample_is_the_program(self) -> None:
        self.write("examples/a.cc", "// examples/a.cc: an example.\nint main() {}\n")
        sample = "<!-- sample: begin (kept equal to examples/a.cc) -->\n```cpp\n{}```\n<!-- sample: end -->\n"
        self.assert_clean("check_text", "docs/a.md", sample.format("int main() {}\n"))
        self.assert_caught("check_text", "docs/a.md", sample.format("int main() { return 1; }\n"), "is not examples/a.cc")
        (self.root / "examples/a.cc").unlink()
        self.assert_caught("check_text", "docs/a.md", sample.format(""), "is not examples/a.cc")

    def test_a_folder_has_a_readme(self) -> None:
        self.write("src/rt/a.h", "// rt/a.h: an example.\n#pragma once\n")
        self.assertIn("without README.md", self.findings("check_text")[0])


class CheckTogether(Repository):
    def setUp(self) -> None:
        super().setUp()
        self.write("CMakeLists.txt", 'set(TIDEMILL_UNITY_FILES 2 CACHE STRING "How many")\n')
        self.write("src/rt/CMakeLists.txt", "tidemill_library(NAME rt\n  SOURCES a.cc b.cc c.cc  # b.cc\n  DEPENDS base)\n"
                   "tidemill_test(NAME rt SOURCES a_test.cc b_test.cc DEPENDS rt)\n")

    def refused(self, first: str, second: str, files: tuple[str, str] = ("a.cc", "b.cc")) -> list[str]:
        around = "// A namespace {{\n#include <map>\nnamespace tidemill::rt {{\n{0}\n}}  // namespace tidemill::rt\n"
        for name, code in zip(files, (first, second)):
            self.write(f"src/rt/{name}", around.format(code))
        found = self.findings("check_together")
        for name in files:
            (self.root / "src/rt" / name).unlink()
        return found

    def test_names_of_all_kinds(self) -> None:
        for one, other in (
                ("constexpr int kMost = 3;", "const std::map<int, int> kMost{{1, 2}};"),
                ("struct Seen { int a; };", "class Seen final : public Base {};"),
                ("enum class Kind { kA };", "using Kind = int;"),
                ("int twice(int a) { return 2 * a; }", "int twice(int b) { return b + b; }"),
                ("template <class T, class = std::enable_if_t<true>>\nT same(const T& a) { return a; }",
                 "template <class T>\nT same(const T& other) { return other; }"),
                ("struct Seen { void f(); };\nvoid Seen::f() {}", "struct Seen;\nint Seen = 0;"),
                ("thread_local int depth = 0;", "int depth() { return 1; }"),
        ):
            with self.subTest(one):
                found = self.refused(f"namespace {{\n{one}\n}}", f"namespace {{\n\n{other}\n}}")
                self.assertTrue(found and "src/rt/a.cc:5 too" in found[-1], found)
        self.assertEqual(len(self.refused("static int f() { return 1; }", "namespace { int f() { return 2; } }")), 1)
        self.assertEqual(len(self.refused("namespace { int k; }", "namespace { int k; }", ("a_test.cc", "b_test.cc"))), 1)

    def test_names_that_may_be_equal(self) -> None:
        for one, other in (
                ("using Made = std::map<int, int>;", "using Made = std::map<int,int>;"),
                ("void f(int a) {}", "void f(const std::string& a) {}"),
                ("void A::f() {}", "void B::f() {}"),
                ("using namespace std;\nnamespace json = a::b;", "using namespace std;\nnamespace json = a::b;"),
                ("int f() { int inside = 1; return inside; }", "int g() { int inside = 1; return inside; }"),
                ("// int k;\nTEST(A, B) { int k; }", "TEST(A, C) { int k; }"),
                ("bool operator==(A a, A b) { return true; }", "bool operator==(B a, B b) { return true; }"),
        ):
            with self.subTest(one):
                self.assertEqual(self.refused(f"namespace {{\n{one}\n}}", f"namespace {{\n{other}\n}}"), [])
        same = "namespace { int k; }"
        self.assertEqual(self.refused(same, same, ("a.cc", "c.cc")), [], "the third is compiled by itself")
        self.assertEqual(self.refused(same, same, ("a.cc", "a_test.cc")), [], "another target")
        self.assertEqual(self.refused(same, "int k;"), [])
        self.assertEqual(self.refused(same, "namespace inner { namespace { int k; } }"), [])
        self.assertEqual(self.refused(same, "namespace {\n// allow(together): one is in a comment.\nint k; }"), [])


if __name__ == "__main__":
    unittest.main()
