using System.Net.Sockets;
using System.Text;
using FastMlx.Claude;
using FastMlx.Composition;
using FastMlx.Configuration;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class ServiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastmlx-service").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ServiceManager_HearsTheState(bool isAbstract)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is on Linux");
        string path = Path.Combine(_folder, "notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path : path));
        ServiceNotice.Send(isAbstract ? "@" + path : path, "READY=1");
        byte[] buffer = new byte[64];
        manager.ReceiveTimeout = 5000;
        Assert.Equal("READY=1", Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer)));
    }

    [Fact]
    public void ServiceManager_ThatIsGone_StopsNobody()
    {
        ServiceNotice.Send(Path.Combine(_folder, "nobody"), "READY=1");
        ServiceNotice.Send(null, "READY=1");
    }

    [Fact]
    public void Claude_IsFoundOnPathFirst_AndMustBeAProgram()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix modes");
        string first = Directory.CreateDirectory(Path.Combine(_folder, "a")).FullName;
        string second = Directory.CreateDirectory(Path.Combine(_folder, "b")).FullName;
        var around = new Surroundings { SearchPath = [first, second], UserHome = _folder };
        Assert.Null(ClaudeBinary.Find(around));
        foreach (string folder in (string[])[first, second])
            File.WriteAllText(Path.Combine(folder, "claude"), "");
        Assert.Null(ClaudeBinary.Find(around));
        File.SetUnixFileMode(Path.Combine(second, "claude"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Equal(Path.Combine(second, "claude"), ClaudeBinary.Find(around));
    }
}
