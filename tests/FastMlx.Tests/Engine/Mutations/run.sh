#!/usr/bin/env bash
# Plants one bug at a time in a copy of the engine and expects its tests to fail. Usage: run.sh [part of a name]
# Needs nothing but the .NET SDK. A bug that survives, or a text that is not found, makes the script fail.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src" "$work/tests/FastMlx.Tests"
cp "$root"/Directory.*.props "$root"/BannedSymbols.txt "$root"/.editorconfig "$root"/global.json "$work"
cp -r "$root/src/FastMlx.Engine" "$work/src/"
cp "$here/mutations.txt" "$work" # A copy: the list may be edited while this runs.
cp -r "$root/tests/FastMlx.Tests/Engine" "$work/tests/FastMlx.Tests/"
rm "$work/tests/FastMlx.Tests/Engine/NativeNullTests.cs" # Needs the native library.
cat > "$work/tests/FastMlx.Tests/FastMlx.Tests.csproj" <<'P'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <UseMicrosoftTestingPlatformRunner>true</UseMicrosoftTestingPlatformRunner>
    <GenerateDocumentationFile>false</GenerateDocumentationFile>
    <TreatWarningsAsErrors>false</TreatWarningsAsErrors>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="xunit.v3" />
    <PackageReference Include="CsCheck" />
    <ProjectReference Include="../../src/FastMlx.Engine/FastMlx.Engine.csproj" />
  </ItemGroup>
</Project>
P
cd "$work" || exit 2
sed -i 's|<TreatWarningsAsErrors>true|<TreatWarningsAsErrors>false|' Directory.Build.props
check() { # builds and runs the quick tests that need no clock; 0: all passed
    dotnet build tests/FastMlx.Tests -v q -clp:ErrorsOnly > build.log 2>&1 || { cat build.log; return 9; }
    timeout 120 artifacts/bin/FastMlx.Tests/debug/FastMlx.Tests \
        --filter-class FastMlx.Tests.Engine.SimulationTests --filter-class FastMlx.Tests.Engine.PrefixCacheTests \
        --filter-class FastMlx.Tests.Engine.SchedulerTests --filter-class FastMlx.Tests.Engine.DiskTierTests \
        --filter-class FastMlx.Tests.Engine.DiskTailTests > test.log 2>&1
}
check || { echo "the unchanged engine fails"; tail -20 test.log; exit 2; }
caught=0; survived=0
while IFS= read -r line; do
    case $line in \#*|'') continue ;; esac
    IFS=$'\x01' read -r name file old new <<< "$(sed 's/\\|/\x02/g; s/|/\x01/g; s/\x02/|/g' <<< "$line")"
    case $name in *"${1:-}"*) ;; *) continue ;; esac
    cp "src/FastMlx.Engine/$file" saved.cs
    OLD=$old NEW=$new perl -0777 -i -pe 'BEGIN { ($o, $n) = @ENV{qw(OLD NEW)}; s/\\n/\n/g for $o, $n } $c = s/\Q$o\E/$n/; END { exit($c ? 0 : 3) }' \
        "src/FastMlx.Engine/$file" || { echo "NOT FOUND  $name"; survived=$((survived + 1)); cp saved.cs "src/FastMlx.Engine/$file"; continue; }
    check; rc=$?
    if [ $rc = 9 ]; then echo "NO BUILD   $name"; survived=$((survived + 1))
    elif [ $rc = 0 ]; then echo "SURVIVED   $name"; survived=$((survived + 1))
    else echo "caught     $name: $(grep -m1 -oE 'Seed [0-9]+: .*|failed FastMlx\.Tests\.Engine\.[A-Za-z_.]+' test.log)"; caught=$((caught + 1)); fi
    cp saved.cs "src/FastMlx.Engine/$file"
done < "$work/mutations.txt"
echo "$caught caught, $survived survived"
[ $survived = 0 ]
