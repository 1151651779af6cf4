package service

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("SERVICE_TEST_SEGMENT") != "" {
		leaveSegment()
	}
	goleak.VerifyTestMain(m)
}
