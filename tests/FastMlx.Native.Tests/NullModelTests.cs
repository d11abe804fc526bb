using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

public sealed class NullModelTests
{
    private static NativeModel Open() => NativeModel.Open("", new NativeModelOptions { Backend = NativeBackend.Null });

    [Fact]
    public void NextToken_EqualsTheTwin()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        List<int> timeline = [5, 9, 1];
        int next = Steps.Feed(model, slot, 0, [.. timeline]);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(NullTwin.Next(timeline, model.Info.VocabSize), next);
            timeline.Add(next);
            next = Steps.Feed(model, slot, timeline.Count - 1, [next]);
        }
    }

    [Fact]
    public void ForkTrimSaveAndLoad_KeepTheTimeline()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        Steps.Feed(model, slot, 0, [1, 2, 3, 4]);
        int fork = model.ForkSlot(slot, 2);
        Assert.True(model.TryTrimSlot(slot, 3));
        var saved = new byte[model.SavedSize(slot)];
        model.SaveSlot(slot, saved);
        int loaded = model.LoadSlot(saved);
        Assert.Equal(NullTwin.Next([1, 2, 7], 2048), Steps.Feed(model, fork, 2, [7]));
        Assert.Equal(NullTwin.Next([1, 2, 3, 9], 2048), Steps.Feed(model, slot, 3, [9]));
        Assert.Equal(NullTwin.Next([1, 2, 3, 8], 2048), Steps.Feed(model, loaded, 3, [8]));
    }

    [Fact]
    public void TwoStepsInFlight_UseTheLastToken()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        StepRow row = new() { Slot = slot, Count = 2, Sample = 1, TopP = 1 };
        model.BeginStep([row], [3, 4]);
        row = row with { First = 2, Count = 1 };
        model.BeginStep([row], [StepRow.LastToken]);
        Assert.Throws<ModelException>(() => model.BeginStep([row with { First = 3 }], [StepRow.LastToken]));
        Span<int> next = stackalloc int[1];
        model.EndStep(next);
        int first = next[0];
        Assert.Equal(NullTwin.Next([3, 4], 2048), first);
        model.EndStep(next);
        Assert.Equal(NullTwin.Next([3, 4, first], 2048), next[0]);
    }

    [Theory]
    [InlineData(1, 1, "starts at")]
    [InlineData(0, 0, "feeds no token")]
    [InlineData(0, 2, "more than")]
    public void Step_RefusesWrongRows(int first, int count, string reason)
    {
        using NativeModel model = Open();
        StepRow row = new() { Slot = model.OpenSlot(), First = first, Count = count, Sample = 1, TopP = 1 };
        var failure = Assert.Throws<ModelException>(() => model.BeginStep([row], [1]));
        Assert.Equal(ModelFailure.Invalid, failure.Kind);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Step_RefusesForeignTokensSlotsAndDoubleRows()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        StepRow row = new() { Slot = slot, Count = 1, Sample = 1, TopP = 1 };
        Assert.Throws<ModelException>(() => model.BeginStep([row], [2048]));
        Assert.Throws<ModelException>(() => model.BeginStep([row], [-2]));
        Assert.Throws<ModelException>(() => model.BeginStep([row], [StepRow.LastToken]));
        Assert.Throws<ModelException>(() => model.BeginStep([row with { Slot = slot + 1 }], [1]));
        Assert.Throws<ModelException>(() => model.BeginStep([row, row], [1, 1]));
        Assert.Throws<ModelException>(() => model.BeginStep([row with { TopP = 0 }], [1]));
        Assert.Equal(NullTwin.Next([1], 2048), Steps.Feed(model, slot, 0, [1]));
    }

    [Fact]
    public void LoadSlot_RefusesEveryDamagedByte()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        Steps.Feed(model, slot, 0, [1, 2, 3]);
        var saved = new byte[model.SavedSize(slot)];
        model.SaveSlot(slot, saved);
        for (int i = 0; i < saved.Length; i++)
        {
            if (i is >= 36 and < 40)
                continue; // reserved
            byte[] damaged = [.. saved];
            damaged[i] ^= 0x10;
            Assert.Equal(-1, model.LoadSlot(damaged));
            Assert.Equal(-1, model.LoadSlot(saved.AsSpan(0, i)));
        }
    }

    [Fact]
    public void LoadRows_RefusesEveryDamagedByte_AndLeavesTheSlot()
    {
        using NativeModel model = Open();
        int slot = model.OpenSlot();
        Steps.Feed(model, slot, 0, [1, 2, 3, 4, 5]);
        var first = new byte[model.SavedRowsSize(slot, 0, 2)];
        model.SaveRows(slot, 0, 2, first);
        var second = new byte[model.SavedRowsSize(slot, 2, 3)];
        model.SaveRows(slot, 2, 3, second);
        int loaded = model.OpenSlot();
        Assert.True(model.LoadRows(loaded, first));
        for (int i = 0; i < second.Length; i++)
        {
            byte[] damaged = [.. second];
            damaged[i] ^= 0x10;
            Assert.False(model.LoadRows(loaded, damaged));
            Assert.False(model.LoadRows(loaded, second.AsSpan(0, i)));
        }

        Assert.False(model.LoadRows(loaded, first));
        Assert.True(model.LoadRows(loaded, second));
        Assert.Equal(NullTwin.Next([1, 2, 3, 4, 5, 6], 2048), Steps.Feed(model, loaded, 5, [6]));
        Assert.Throws<ModelException>(() => model.SavedRowsSize(slot, 4, 2));
        Assert.Throws<ModelException>(() => model.SavedRowsSize(slot, -1, 2));
        Assert.Throws<ModelException>(() => model.SavedRowsSize(slot, 0, 0));
    }

    [Fact]
    public void SyncFolder_SaysWhatFails()
    {
        string folder = Directory.CreateTempSubdirectory("fastmlx-sync").FullName;
        NativeFolder.Sync(folder);
        Directory.Delete(folder);
        var failure = Assert.Throws<IOException>(() => NativeFolder.Sync(folder));
        Assert.Contains(folder, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StateLimit_IsNoMemory()
    {
        using var model = NativeModel.Open(
            "", new NativeModelOptions { Backend = NativeBackend.Null, StateBytesMax = 80 });
        int slot = model.OpenSlot();
        Steps.Feed(model, slot, 0, [.. Enumerable.Range(1, 10)]);
        var failure = Assert.Throws<ModelException>(() => Steps.Feed(model, slot, 10, [1]));
        Assert.Equal(ModelFailure.NoMemory, failure.Kind);
        Assert.True(model.TryTrimSlot(slot, 9));
        Assert.Equal(NullTwin.Next([.. Enumerable.Range(1, 9), 1], 2048), Steps.Feed(model, slot, 9, [1]));
    }
}
