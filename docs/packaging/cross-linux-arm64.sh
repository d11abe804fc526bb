#!/bin/bash
# Builds the linux-arm64 binary on an x64 Debian or Ubuntu machine, from the repository's root:
#   apt install cmake g++-aarch64-linux-gnu        # and the .NET 10 SDK
#   docs/packaging/cross-linux-arm64.sh
# The result is artifacts/publish/linux-arm64/fastmlx. To try it here: apt install qemu-user, then
#   qemu-aarch64 -L /usr/aarch64-linux-gnu artifacts/publish/linux-arm64/fastmlx --version
# (whatever needs OpenSSL also needs an arm64 libssl in that folder).
set -euo pipefail
native=artifacts/native/linux-arm64
cmake -S native -B "$native/cmake" -DCMAKE_BUILD_TYPE=Release -DFASTMLX_MLX=OFF \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
cmake --build "$native/cmake" --parallel --target fastmlx_shared fastmlx_static
cp "$native/cmake/libfastmlx.so" "$native/cmake/libfastmlx.a" "$native/"

# The SDK links with clang's --target, which gcc does not know and does not need.
linker=$(mktemp)
trap 'rm -f "$linker"' EXIT
cat > "$linker" <<'EOF'
#!/bin/bash
arguments=()
for argument in "$@"; do
  [[ $argument == --target=* ]] || arguments+=("$argument")
done
exec aarch64-linux-gnu-gcc "${arguments[@]}"
EOF
chmod +x "$linker"
dotnet publish src/FastMlx -p:PublishProfile=linux-arm64 -p:FmRid=linux-arm64 -p:FmSkipNativeBuild=true \
  -p:CppCompilerAndLinker="$linker" -p:CppLinker="$linker" -p:ObjCopyName=aarch64-linux-gnu-objcopy \
  -o artifacts/publish/linux-arm64
