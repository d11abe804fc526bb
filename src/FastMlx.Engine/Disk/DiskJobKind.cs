namespace FastMlx.Engine.Disk;

internal enum DiskJobKind
{
    Write,
    Read,
    Delete,
}
