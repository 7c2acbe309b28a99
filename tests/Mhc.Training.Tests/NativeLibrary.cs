using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Mhc.Testing;

namespace Mhc.Training.Tests;

/// <summary>The build marks one version need of libLibTorchSharp.so weak, so that it loads where libstdc++ is older.</summary>
public class NativeLibrary
{
    private const uint VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed
    private const ushort Weak = 2;                // VER_FLG_WEAK

    [Fact]
    public void LoadsWithoutGlibcxx3432()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only the Linux library has version needs.");
        ushort flags = FlagsOf(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so")), "GLIBCXX_3.4.32");

        Assert.Equal(Weak, flags & Weak);
    }

    /// <summary>Projects that reference the NuGet package get the build step with it.</summary>
    [Fact]
    public void IsMendedForUsersOfThePackageToo()
    {
        string targets = File.ReadAllText(Path.Combine(Fixtures.Repository, "src/Mhc.Training/buildTransitive/Mhc.Training.targets"));
        using TemporaryFolder folder = Fixtures.Temporary();
        using var pack = System.Diagnostics.Process.Start("dotnet", ["pack", "-c", "Release", "--no-restore", "-v", "q", "-o", folder.Path,
            Path.Combine(Fixtures.Repository, "src/Mhc.Training/Mhc.Training.csproj")]);
        pack.WaitForExit();

        using ZipArchive package = ZipFile.OpenRead(Directory.EnumerateFiles(folder.Path, "Mhc.Training.*.nupkg").Single());
        using var packed = new StreamReader(package.GetEntry("buildTransitive/Mhc.Training.targets")!.Open());
        Assert.Equal(targets, packed.ReadToEnd());
    }

    // Walks .gnu.version_r: for each library needed (Verneed), the versions needed of it (Vernaux).
    private static ushort FlagsOf(ReadOnlySpan<byte> elf, string version)
    {
        int sections = (int)Long(elf, 40), size = Short(elf, 58), count = Short(elf, 60);
        for (int s = 0; s < count; s++)
        {
            int header = sections + (s * size);
            if (Int(elf, header + 4) != VersionNeeds)
                continue;
            int strings = (int)Long(elf, sections + ((int)Int(elf, header + 40) * size) + 24);
            int need = (int)Long(elf, header + 24);
            for (uint n = Int(elf, header + 44); n > 0; n--, need += (int)Int(elf, need + 12))
            {
                int aux = need + (int)Int(elf, need + 8);
                for (int a = Short(elf, need + 2); a > 0; a--, aux += (int)Int(elf, aux + 12))
                {
                    ReadOnlySpan<byte> name = elf[(strings + (int)Int(elf, aux + 8))..];
                    if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == version)
                        return Short(elf, aux + 4);
                }
            }
        }
        throw new InvalidDataException($"The library does not need {version}: the build step may have become superfluous.");
    }

    private static ushort Short(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf[at..]);

    private static uint Int(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadUInt32LittleEndian(elf[at..]);

    private static long Long(ReadOnlySpan<byte> elf, int at) => BinaryPrimitives.ReadInt64LittleEndian(elf[at..]);
}
