# Homebrew formula, built from a checkout's HEAD until there are releases:
#   brew install --HEAD --formula docs/packaging/fastmlx.rb
# Replace the address by the repository's. Not tried on a Mac yet.
class Fastmlx < Formula
  desc "Local server for Claude Code and others on MLX-format models"
  homepage "https://example.org/fastmlx"
  head "https://example.org/fastmlx.git", branch: "main"
  license "MIT"

  depends_on "cmake" => :build
  depends_on "dotnet" => :build

  def install
    system "dotnet", "publish", "src/FastMlx", "-c", "Release", "-o", "out"
    bin.install "out/fastmlx"
    generate_completions_from_executable(bin/"fastmlx", "completion", shells: [:bash, :zsh, :fish])
  end

  service do
    run [opt_bin/"fastmlx", "serve"]
    keep_alive successful_exit: false
    log_path var/"log/fastmlx.log"
    error_log_path var/"log/fastmlx.log"
  end

  test do
    assert_match "fastmlx", shell_output("#{bin}/fastmlx --help")
  end
end
