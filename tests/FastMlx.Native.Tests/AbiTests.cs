using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

public sealed partial class AbiTests
{
    [Fact]
    public void Library_SpeaksOurVersion() => Assert.Equal(NativeMethods.AbiVersion, NativeMethods.fm_abi_version());

    [Fact]
    public void Imports_AreTheHeadersFunctionsInItsOrder()
    {
        string header = File.ReadAllText(Path.Combine(Repository.Root, "native/include/fastmlx.h"));
        string[] declared = [.. DeclaredFunction().Matches(header).Select(match => match.Groups[1].Value)];
        string[] imported = [.. typeof(NativeMethods)
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(method => method.Name.StartsWith("fm_", StringComparison.Ordinal))
            .OrderBy(method => method.MetadataToken)
            .Select(method => method.Name)];
        Assert.NotEmpty(declared);
        Assert.Equal(declared.Order(), imported.Order());
        string source = File.ReadAllText(Path.Combine(Repository.Root, "src/FastMlx.Native/NativeMethods.cs"));
        string[] written = [.. ImportedFunction().Matches(source).Select(match => match.Groups[1].Value)];
        Assert.Equal(declared, written);
    }

    [Fact]
    public void Structs_HaveTheHeadersSizes()
    {
        // Sums of the header's fixed-width fields; abi.cpp asserts the same numbers.
        Assert.Equal(40, Unsafe.SizeOf<StepRow>());
        Assert.Equal(56, Unsafe.SizeOf<StepAdjust>());
        Assert.Equal(24, Unsafe.SizeOf<FmModelOptions>());
        Assert.Equal(104, Unsafe.SizeOf<FmModelInfo>());
        Assert.Equal(144, Unsafe.SizeOf<FmBackendInfo>());
    }

    [GeneratedRegex(@"^FM_API [^;(]*?(fm_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex DeclaredFunction();

    [GeneratedRegex(@"static partial [^;(]*?(fm_\w+)\(")]
    private static partial Regex ImportedFunction();
}
