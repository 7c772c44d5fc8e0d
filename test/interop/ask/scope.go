package ask

import (
	"os"
	"path/filepath"
)

// DefaultBaseURL is what Juju's variable of that name holds while this question is answered: the folder given as
// --metadata-source replaces streams.canonical.com; a trailing "tools" is tolerated.
// Source: juju environs/bootstrap/bootstrap.go setPrivateMetadataSources.
func (question Question) DefaultBaseURL() (string, error) {
	if question.MetadataSource == "" {
		return question.Default, nil
	}
	folder, err := filepath.Abs(question.MetadataSource)
	if err != nil {
		return "", err
	}
	if filepath.Base(folder) == "tools" {
		folder = filepath.Dir(folder)
	}
	// Juju would go on with streams.canonical.com when the folder has no tools.
	_, err = os.Stat(filepath.Join(folder, "tools"))
	return folder, err
}

// PublicKey is the text of the keyring, empty without one.
func (question Question) PublicKey() (string, error) {
	if question.Keyring == "" {
		return "", nil
	}
	text, err := os.ReadFile(question.Keyring)
	return string(text), err
}

// ModelAttributes is the model's configuration as far as looking for agents needs it.
func (question Question) ModelAttributes() map[string]interface{} {
	attributes := map[string]interface{}{
		"name":                      "interop",
		"type":                      "manual",
		"uuid":                      "90168e4c-2f10-4e9c-83c2-feedfacee5a9",
		"development":               question.Development,
		"ssl-hostname-verification": !question.Insecure,
	}
	if question.URL != "" {
		attributes["agent-metadata-url"] = question.URL
	}
	if question.Stream != "" {
		attributes["agent-stream"] = question.Stream
	}
	return attributes
}

// SyncSource is the --source of sync-agent-binary.
func (question Question) SyncSource() (string, error) {
	if question.URL != "" {
		return question.URL, nil
	}
	return question.DefaultBaseURL()
}

// MajorMinor is the scope of the look-up; minor -1 stands for any.
func (question Question) MajorMinor(ownMajor int) (major, minor int) {
	major, minor = question.Major, -1
	if major == 0 {
		major = ownMajor
	}
	if question.Minor != nil {
		minor = *question.Minor
	}
	return major, minor
}
