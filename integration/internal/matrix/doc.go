// Package matrix is the table client x behaviour that a suite prints. A cell is
// filled by the test that ran for it, or by the reason why that behaviour is
// none of that client's. A cell that nobody filled fails the test, so that a
// behaviour that was forgotten, or skipped within, does not pass for one that
// was tested.
package matrix
