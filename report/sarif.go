package report

// The objects of SARIF 2.1.0 (OASIS, errata 01) that renderSARIF writes, named as in the standard; fields
// that the standard requires have no omitempty. They are our own because owenrumney/go-sarif v3.3.1, which
// has them all, links net/http (by way of xeipuuv/gojsonschema), and this program links no network code.

const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

type sarifLog struct {
	Version string     `json:"version"`
	Schema  string     `json:"$schema"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Artifacts   []sarifArtifact   `json:"artifacts"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

// sarifRule is a reportingDescriptor.
type sarifRule struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Short         sarifMessage   `json:"shortDescription"`
	Full          sarifMessage   `json:"fullDescription"`
	Help          sarifMessage   `json:"help"`
	HelpURI       string         `json:"helpUri,omitempty"`
	Configuration *sarifConfig   `json:"defaultConfiguration,omitempty"`
	Properties    map[string]any `json:"properties,omitempty"`
}

// sarifConfig is a reportingConfiguration.
type sarifConfig struct {
	Enabled *bool  `json:"enabled,omitempty"`
	Level   string `json:"level,omitempty"`
}

// sarifMessage is a message or multiformatMessageString.
type sarifMessage struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	Arguments           []string            `json:"arguments"`
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	ExitCode            int                 `json:"exitCode"`
	ExitDescription     string              `json:"exitCodeDescription"`
	Overrides           []sarifOverride     `json:"ruleConfigurationOverrides,omitempty"`
	Execution           []sarifNotification `json:"toolExecutionNotifications"`
	Configuration       []sarifNotification `json:"toolConfigurationNotifications"`
}

// sarifOverride is a configurationOverride.
type sarifOverride struct {
	Descriptor    sarifRuleRef `json:"descriptor"`
	Configuration sarifConfig  `json:"configuration"`
}

// sarifRuleRef is a reportingDescriptorReference.
type sarifRuleRef struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
	Rule      *sarifRuleRef   `json:"associatedRule,omitempty"`
}

type sarifArtifact struct {
	Location   sarifArtifactLocation `json:"location"`
	Length     int64                 `json:"length"`
	Roles      []string              `json:"roles"`
	Properties map[string]any        `json:"properties"`
}

type sarifArtifactLocation struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
	Index     *int   `json:"index,omitempty"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	// Baseline is the baselineState: new, unchanged, updated or absent; none without a baseline.
	Baseline string `json:"baselineState,omitempty"`
	// Suppressions is never null: the standard wants all of a run null, which says that nobody knows, or none (§3.27.23).
	Suppressions []sarifSuppression `json:"suppressions"`
	Properties   map[string]any     `json:"properties"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type sarifLocation struct {
	ID         int             `json:"id,omitempty"`
	Physical   sarifPhysical   `json:"physicalLocation"`
	Logical    []sarifLogical  `json:"logicalLocations,omitempty"`
	Message    *sarifMessage   `json:"message,omitempty"`
	Properties *sarifPlaceData `json:"properties,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifactLocation `json:"artifactLocation"`
	Region   sarifRegion           `json:"region"`
}

type sarifRegion struct {
	ByteOffset int64 `json:"byteOffset"`
	ByteLength int64 `json:"byteLength"`
}

type sarifLogical struct {
	FullName string `json:"fullyQualifiedName"`
	Kind     string `json:"kind"`
}

// sarifPlaceData is the property bag of a location: where the evidence is in decoded bytes.
type sarifPlaceData struct {
	Place         string `json:"place"` // as `witnessmark show` takes it
	DecodedOffset int64  `json:"decodedByteOffset"`
	DecodedLength int64  `json:"decodedByteLength"`
}
