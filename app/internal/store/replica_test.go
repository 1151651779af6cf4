package store

import "testing"

func TestProbeKeepsTheNameOfItsURL(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://app@127.0.0.1/stormwave":                        "app probe",
		"postgres://app@127.0.0.1/stormwave?application_name=reads": "reads",
	} {
		config, err := probeConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := config.RuntimeParams["application_name"]; got != want {
			t.Errorf("the probe of %s calls itself %q, want %q", url, got, want)
		}
	}
}
