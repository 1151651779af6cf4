package exporter

import (
	"net"
	"testing"

	"stormwave/lab/internal/series"
)

// door is a stack with a pooler at a port.
type door struct {
	nothing
	port uint16
}

func (d door) Queues() map[string]uint16 { return map[string]uint16{"pgpool": d.port} }

// A client that the pooler has not let in waits; nobody has to be let in to see that.
func TestClientsAtThePoolersDoor(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	e := New(door{port: uint16(listener.Addr().(*net.TCPAddr).Port)})
	families, err := e.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, family := range families {
		if family.GetName() != series.PoolerClients {
			continue
		}
		for _, m := range family.Metric {
			got[m.Label[0].GetValue()+" "+m.Label[1].GetValue()] = m.GetGauge().GetValue()
		}
	}
	if len(got) != 2 || got["pgpool served"] != 0 || got["pgpool waiting"] != 1 {
		t.Errorf("clients %v; want one that waits, and none that is served", got)
	}
}
