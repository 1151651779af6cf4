package web

// admission bounds how many requests are worked on at once. Who comes when it is
// full is turned away at once: an answer that says so is worth more than a wait
// that ends in none.
type admission struct {
	slots chan struct{} // nil: no bound
}

// newAdmission admits max requests at once; 0 is no bound.
func newAdmission(max int) *admission {
	if max == 0 {
		return &admission{}
	}
	return &admission{slots: make(chan struct{}, max)}
}

// enter takes a slot, or returns false when there is none. Who entered must leave.
func (a *admission) enter() bool {
	if a.slots == nil {
		return true
	}
	select {
	case a.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (a *admission) leave() {
	if a.slots != nil {
		<-a.slots
	}
}
