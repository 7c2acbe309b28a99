using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Mhc.MLNet.Tests;

public class MhcMLNetAssembly
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    [Fact]
    public void ReferencesNoOtherPartOfTheProjectAndNoNativeBackend() => Assert.Equal(
        [
            "Microsoft.Extensions.Logging.Abstractions", "Microsoft.ML.Core", "Microsoft.ML.Data", "Microsoft.ML.DataView", "Microsoft.ML.OnnxRuntime", "Microsoft.ML.Tokenizers",
            "Microsoft.ML.Transforms",
        ],
        typeof(MhcScorer).Assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => !name.StartsWith("System.")).Order());

    /// <summary>
    /// What the zip needs and ML.NET keeps to itself. When an upgrade of ML.NET takes one of these away this names it; when the list
    /// grows, an internal was used by accident.
    /// </summary>
    [Fact]
    public void UsesTheseInternalsOfMlNetAndNoOthers() => Assert.Equal(
        [
            "Microsoft.ML.LoadableClassAttribute",
            "Microsoft.ML.LoadableClassAttribute..ctor",
            "Microsoft.ML.ModelHeader",
            "Microsoft.ML.ModelHeader.ModelVerReadable",
            "Microsoft.ML.ModelLoadContext",
            "Microsoft.ML.ModelLoadContext.CheckAtModel",
            "Microsoft.ML.ModelLoadContext.Header",
            "Microsoft.ML.ModelLoadContext.LoadNonEmptyString",
            "Microsoft.ML.ModelLoadContext.TryLoadBinaryStream",
            "Microsoft.ML.ModelSaveContext.CheckAtModel",
            "Microsoft.ML.ModelSaveContext.SaveBinaryStream",
            "Microsoft.ML.ModelSaveContext.SaveNonEmptyString",
            "Microsoft.ML.ModelSaveContext.SetVersionInfo",
            "Microsoft.ML.SignatureLoadModel",
            "Microsoft.ML.VersionInfo",
            "Microsoft.ML.VersionInfo..ctor",
        ],
        InternalsUsed().Order(StringComparer.Ordinal));

    private static IEnumerable<string> InternalsUsed()
    {
        using var file = new PEReader(File.OpenRead(typeof(MhcScorer).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        foreach (TypeReferenceHandle handle in metadata.TypeReferences)
        {
            TypeReference type = metadata.GetTypeReference(handle);
            string name = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            if (type.ResolutionScope.Kind != HandleKind.AssemblyReference || !IsMlNet(type, metadata, out Assembly? assembly))
                continue;
            Type? found = assembly.GetType(name);
            Assert.True(found is not null, $"{name} is gone from {assembly.GetName()}.");
            if (!found.IsPublic)
                yield return name;
            foreach (string member in MembersUsed(metadata, handle))
            {
                MemberInfo[] candidates = found.GetMember(member, Any);
                Assert.True(candidates.Length > 0, $"{name}.{member} is gone from {assembly.GetName()}.");
                if (candidates.All(candidate => candidate is MethodBase { IsPublic: false } or FieldInfo { IsPublic: false } || !found.IsPublic))
                    yield return $"{name}.{member}";
            }
        }
    }

    private static bool IsMlNet(TypeReference type, MetadataReader metadata, [NotNullWhen(true)] out Assembly? assembly)
    {
        string name = metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name);
        assembly = name is "Microsoft.ML.Core" or "Microsoft.ML.Data" ? Assembly.Load(name) : null;
        return assembly is not null;
    }

    private static IEnumerable<string> MembersUsed(MetadataReader metadata, TypeReferenceHandle type) => metadata.MemberReferences
        .Select(metadata.GetMemberReference)
        .Where(member => member.Parent == (EntityHandle)type)
        .Select(member => metadata.GetString(member.Name))
        .Distinct();
}
