package ask

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Download is one tarball fetched with Juju's HTTP client and held against its metadata.
type Download struct {
	Version string `json:"version"`
	URL     string `json:"url"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	// Error is empty when a controller would keep the tarball.
	Error string `json:"error,omitempty"`
	// Curl is empty when the machine that is bootstrapped would get it: its curl follows no redirect.
	Curl string `json:"curlError,omitempty"`
	// ContentTypes has one entry per rule of the controllers of 4.x; none for a file.
	ContentTypes []ContentType `json:"contentTypes,omitempty"`
}

// ContentType is what the server called the tarball when asked in the way of one build of 4.x.
type ContentType struct {
	Juju     string `json:"juju"`
	Accept   string `json:"accept"`
	Received string `json:"received"`
	OK       bool   `json:"ok"`
}

// contentTypeRules: exact comparison, parameters are not tolerated.
// Source: juju domain/agentbinary/service/simplestreamstore.go, before PR 21144, after it, and in later 4.0 releases.
var contentTypeRules = []struct {
	juju, accept string
}{
	{"4.0 betas", "application/gzip"},
	{"4.0.0", "application/x-gzip"},
	{"4.0 later", "application/x-gzip,application/gzip"},
}

// download fetches one agent as a controller does and checks it.
// Source: juju apiserver/tools.go fetchAndCacheTools (status, size, then hash).
func download(juju Juju, agent Agent) Download {
	result := Download{Version: agent.Version, URL: agent.URL}
	if err := fetchAndCheck(juju, agent, &result); err != nil {
		result.Error = err.Error()
	}
	if strings.HasPrefix(agent.URL, "http") {
		if err := fetchLikeCurl(agent.URL); err != nil {
			result.Curl = err.Error()
		}
		for _, rule := range contentTypeRules {
			result.ContentTypes = append(result.ContentTypes, contentTypeOf(agent.URL, rule.juju, rule.accept))
		}
	}
	return result
}

func fetchAndCheck(juju Juju, agent Agent, result *Download) error {
	response, err := juju.Get(agent.URL)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("bad HTTP response: %v", response.Status)
	}
	digest := sha256.New()
	result.Size, err = io.Copy(digest, response.Body)
	if err != nil {
		return err
	}
	result.SHA256 = hex.EncodeToString(digest.Sum(nil))
	if result.Size != agent.Size {
		return fmt.Errorf("size mismatch for %s: %d, not %d", agent.URL, result.Size, agent.Size)
	}
	if result.SHA256 != agent.SHA256 {
		return fmt.Errorf("hash mismatch for %s: %s, not %s", agent.URL, result.SHA256, agent.SHA256)
	}
	return nil
}

// fetchLikeCurl asks as the script on a new controller machine does: `curl -sSf` without -L.
// Source: juju cloudconfig/userdatacfg_unix.go curlCommand.
func fetchLikeCurl(url string) error {
	response, err := head(url, map[string]string{"User-Agent": "curl/7.81.0", "Accept": "*/*"})
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" {
		return fmt.Errorf("%s: content encoding %s", url, encoding)
	}
	return nil
}

func contentTypeOf(url, juju, accept string) ContentType {
	result := ContentType{Juju: juju, Accept: accept}
	response, err := head(url, map[string]string{"Accept": accept})
	if err != nil {
		result.Received = err.Error()
		return result
	}
	result.Received = response.Header.Get("Content-Type")
	for _, accepted := range strings.Split(accept, ",") {
		result.OK = result.OK || result.Received == accepted
	}
	return result
}

// head sends a GET, follows no redirect and reads the header only.
func head(url string, headers map[string]string) (*http.Response, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	return response, response.Body.Close()
}
